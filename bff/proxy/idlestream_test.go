package proxy

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"vestibule/internal/inprocess"
)

// TestAnIdleEventStreamHoldsLittle, because thousands of them may be open. It counts everything
// in the process: net/http's connection, the proxy's exchange, the API's handler without the
// API, and a client that holds a socket. It is not parallel: the memory of other tests would
// count too.
func TestAnIdleEventStreamHoldsLittle(t *testing.T) {
	const (
		streams = 200
		most    = 64 << 10 // bytes; a copy buffer of 32 KiB would be too much
	)
	events := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", eventStream)
		_, _ = io.WriteString(w, comment)
		_ = http.NewResponseController(w).Flush()
		<-req.Context().Done()
	})
	r := newRig(t, events, func(c *Config) { c.Transport = &inprocess.Transport{Handler: events} })
	open := func() {
		conn, err := net.Dial("tcp", r.front.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(waitLimit)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET /api/proxy/events HTTP/1.1\r\nHost: app\r\nCookie: a=b\r\nAccept: text/event-stream\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 0, 2<<10)
		for !bytes.Contains(got, []byte(comment)) {
			n, err := conn.Read(got[len(got):cap(got)])
			if got = got[:len(got)+n]; err != nil {
				t.Fatalf("got %q and %v", got, err)
			}
		}
	}
	open() // what is made once
	before := memoryInUse()
	for range streams {
		open()
	}
	each := (memoryInUse() - before) / streams
	t.Logf("%d bytes each", each)
	if each > most {
		t.Errorf("an idle stream holds %d bytes, want at most %d", each, most)
	}
}

// memoryInUse returns the bytes of live data and stacks. A stack shrinks by half in each
// collection.
func memoryInUse() uint64 {
	for range 4 {
		runtime.GC()
	}
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() + s[1].Value.Uint64()
}
