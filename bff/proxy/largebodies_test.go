package proxy

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"
)

// TestLargeBodiesNeedNoMemory sends 128 MB in each direction. Everything runs in this
// process, so the limit on the growth of its heap also holds for the proxy. The test is not
// parallel: the heap of other tests would count too.
func TestLargeBodiesNeedNoMemory(t *testing.T) {
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var size int64
		if _, err := fmt.Sscanf(req.URL.RawQuery, "chunked=%d", &size); err != nil {
			_, _ = fmt.Sscanf(req.URL.RawQuery, "size=%d", &size)
			w.Header().Set("Content-Length", fmt.Sprint(size))
		}
		if req.Method == "GET" {
			_, _ = io.CopyN(w, zeros{}, size)
			return
		}
		if n, err := io.Copy(io.Discard, req.Body); n != size || err != nil {
			w.Header().Del("Content-Length")
			http.Error(w, fmt.Sprintf("got %d bytes (%v)", n, err), http.StatusTeapot)
			return
		}
		w.Header().Del("Content-Length")
	}))
	heap := watchHeap(t)
	for _, test := range []struct {
		name, method, query string
		size                int64
	}{
		{"up", "PUT", "size", 128 * mb},
		{"up in chunks", "PUT", "chunked", 16 * mb},
		{"down", "GET", "size", 128 * mb},
		{"down in chunks", "GET", "chunked", 16 * mb},
	} {
		t.Run(test.name, func(t *testing.T) {
			var body io.Reader
			if test.method == "PUT" {
				body = io.LimitReader(zeros{}, test.size)
			}
			req := r.request(t.Context(), test.method, fmt.Sprintf("/api/proxy/x?%s=%d", test.query, test.size), body)
			if body != nil && test.query == "size" {
				req.ContentLength = test.size
			}
			res, err := r.roundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			n, err := io.Copy(io.Discard, res.Body)
			if res.StatusCode != 200 || err != nil || body == nil && n != test.size {
				t.Errorf("got %d with %d bytes (%v)", res.StatusCode, n, err)
			}
		})
	}
	if peak := heap(); peak > 64*mb {
		t.Errorf("the heap grew by %d MB", peak/mb)
	}
}

// watchHeap starts to measure the heap. The function that it returns stops the measuring and
// returns by how much the heap has grown at its peak: what earlier tests hold stays out.
func watchHeap(t *testing.T) func() uint64 {
	t.Helper()
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var highest uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			highest = max(highest, m.HeapInuse-min(m.HeapInuse, before.HeapInuse))
			select {
			case <-stop:
				peak <- highest
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		close(stop)
		return <-peak
	}
}
