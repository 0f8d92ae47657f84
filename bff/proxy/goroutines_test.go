package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// TestExchangesLeaveNoGoroutines is not parallel: the goroutines of other tests would count
// too.
func TestExchangesLeaveNoGoroutines(t *testing.T) {
	api := newWatched()
	r := newRig(t, api)
	quick := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(w, req.Body)
	}))
	refusing := newRig(t, nothingListens)
	dying := newRig(t, rawAPI(t, answering("HTTP/1.1 200 OK\nContent-Length: 10\n\nhello")))
	switching := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
		upgradeRaw(conn, in)
		_, _ = io.Copy(io.Discard, in)
	}))
	impatient := newRig(t, rawAPI(t, func(_ net.Conn, in *bufio.Reader) { _, _ = io.Copy(io.Discard, in) }),
		func(c *Config) { c.Timeout = 20 * time.Millisecond })
	settled := func() int {
		for _, r := range []*rig{r, quick, refusing, dying, switching, impatient} {
			r.front.CloseClientConnections()
			r.closeIdleConnections()
		}
		return runtime.NumGoroutine()
	}
	before := settled()
	for range 10 {
		for _, kind := range kinds {
			startExchange(t, r, api, kind).Close()
			waittest.Receive(t, "the end of the API's request", api.ended)
		}
		quick.do(quick.request(t.Context(), "POST", "/api/proxy/x", strings.NewReader("hello")))
		for _, r := range []*rig{refusing, switching, impatient} {
			r.do(r.request(t.Context(), "POST", "/api/proxy/x", strings.NewReader("hello")))
		}
		if res, err := dying.roundTrip(dying.request(t.Context(), "GET", "/api/proxy/x", nil)); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		// The answer comes long before the upload ends.
		c := refusing.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nContent-Length: 1000\n\nx")
		c.answer("POST")
		c.Close()
	}
	deadline := time.Now().Add(waitLimit)
	for settled() > before {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(10 * time.Millisecond)
	}
}
