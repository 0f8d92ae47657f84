package inprocess_test

import (
	"bufio"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWrittenBytesAreSeenAfterAFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, _ := request(t, nil)
		flush := make(chan struct{})
		res, err := transport(func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			for i := range 3 {
				fmt.Fprintf(w, "event %d\n", i)
				<-flush
				w.(http.Flusher).Flush()
			}
			<-flush
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		lines := make(chan string, 3)
		go func() {
			in := bufio.NewScanner(res.Body)
			for in.Scan() {
				lines <- in.Text()
			}
			close(lines)
		}()
		for i := range 3 {
			synctest.Wait()
			if len(lines) > 0 {
				t.Errorf("%q was seen before it was flushed", <-lines)
			}
			flush <- struct{}{}
			synctest.Wait()
			if len(lines) != 1 {
				t.Fatalf("event %d is not there after the flush", i)
			}
			if got, want := <-lines, fmt.Sprintf("event %d", i); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		close(flush)
		if line, more := <-lines; more {
			t.Errorf("got %q, want the end", line)
		}
	})
}

func TestAFlushDoesNotWaitForTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, _ := request(t, nil)
		event, got := make([]byte, 1000), make([]byte, 1000)
		flushed := make(chan struct{})
		res, err := transport(func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				w.Write(event)
				w.(http.Flusher).Flush()
				flushed <- struct{}{}
			}
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			<-flushed
			if _, err := io.ReadFull(res.Body, got); err != nil {
				t.Fatal(err)
			}
		}
		res.Body.Close()
	})
}

func TestAWriterWaitsForASlowReader(t *testing.T) {
	const most = 2*4<<10 + 100 // two buffers, one of which is being read, and one write
	synctest.Test(t, func(t *testing.T) {
		req, _ := request(t, nil)
		var written atomic.Int64
		res, err := transport(func(w http.ResponseWriter, _ *http.Request) {
			for {
				n, err := w.Write(make([]byte, 100))
				written.Add(int64(n))
				if err != nil {
					return
				}
			}
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		read := int64(0)
		for range 100 {
			synctest.Wait() // until the handler can do no more
			if ahead := written.Load() - read; ahead > most {
				t.Fatalf("after %d bytes the handler is %d ahead, want at most %d", read, ahead, most)
			}
			n, err := res.Body.Read(make([]byte, 1000))
			if err != nil {
				t.Fatal(err)
			}
			read += int64(n)
		}
		res.Body.Close()
	})
}

func TestBothWaysAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, upload := io.Pipe()
		req, _ := request(t, body)
		res, err := transport(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			in := bufio.NewScanner(r.Body)
			for in.Scan() {
				fmt.Fprintln(w, strings.ToUpper(in.Text()))
				w.(http.Flusher).Flush()
			}
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		answers := bufio.NewReader(res.Body)
		for _, word := range []string{"one", "two", "three"} {
			fmt.Fprintln(upload, word)
			if got, err := answers.ReadString('\n'); got != strings.ToUpper(word)+"\n" {
				t.Fatalf("got %q, %v; want %q", got, err, strings.ToUpper(word))
			}
		}
		upload.Close()
		if _, err := answers.ReadByte(); err != io.EOF {
			t.Errorf("got %v, want the end", err)
		}
	})
}

// sides are the ways to reach a handler in-process.
var sides = map[string]side{"directly": inProcess, "behind a ReverseProxy": proxied(inProcess)}

func TestALongEchoNeedsLittleMemory(t *testing.T) {
	const size = 64 << 20
	for name, at := range sides {
		t.Run(name, func(t *testing.T) {
			transport, base := at(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.NewResponseController(w).EnableFullDuplex()
				io.Copy(w, r.Body)
			}))
			sent, got := crc32.NewIEEE(), crc32.NewIEEE()
			source := io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{1}), size), sent)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, base, source)
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			res, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(got, res.Body)
			res.Body.Close()
			runtime.ReadMemStats(&after)
			if n != size || err != nil || sent.Sum32() != got.Sum32() {
				t.Errorf("got %d bytes with sum %x, %v; want %d with %x", n, got.Sum32(), err, size, sent.Sum32())
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > size/16 {
				t.Errorf("%d bytes were allocated on the way", used)
			}
		})
	}
}

func TestEventsArriveBehindAReverseProxy(t *testing.T) {
	seen := make(chan struct{})
	transport, base := proxied(inProcess)(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			http.NewResponseController(w).Flush()
			select {
			case <-seen: // the next event is written when this one has arrived
			case <-r.Context().Done():
				return
			}
		}
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := bufio.NewReader(res.Body)
	for i := range 3 {
		event, err := events.ReadString('\n')
		if want := fmt.Sprintf("data: %d\n", i); event != want || err != nil {
			t.Fatalf("got %q, %v; want %q", event, err, want)
		}
		events.ReadString('\n')
		seen <- struct{}{}
	}
	if _, err := events.ReadByte(); err != io.EOF {
		t.Errorf("got %v, want the end", err)
	}
}
