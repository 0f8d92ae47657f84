package inprocess_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vestibule/internal/inprocess"
)

// benchmark runs exchanges of h in-process and over a loopback socket with a
// pooled transport.
func benchmark(b *testing.B, h http.HandlerFunc, request func(base string) *http.Request) {
	server := httptest.NewServer(h)
	defer server.Close()
	pooled := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	defer pooled.CloseIdleConnections()
	for name, side := range map[string]struct {
		transport http.RoundTripper
		base      string
	}{
		"in-process": {&inprocess.Transport{Handler: h}, "http://api.internal"},
		"socket":     {pooled, server.URL},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				buf := make([]byte, 32<<10)
				for pb.Next() {
					res, err := side.transport.RoundTrip(request(side.base))
					if err != nil {
						b.Error(err)
						return
					}
					n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, buf)
					if err != nil || res.StatusCode != http.StatusOK {
						b.Error(res.Status, err)
					}
					b.SetBytes(n)
					res.Body.Close()
				}
			})
		})
	}
}

func get(base string) *http.Request {
	req, err := http.NewRequest(http.MethodGet, base+"/api/me/tasks?completed=true", nil)
	if err != nil {
		panic(err)
	}
	req.Header = http.Header{
		"Accept":        {"application/json"},
		"Authorization": {"Bearer " + strings.Repeat("x", 300)},
		"User-Agent":    {"bench"},
		"X-Request-Id":  {"abcdefghijklmnopqrstuvwxyz"},
	}
	return req
}

func BenchmarkSmall(b *testing.B) {
	body := []byte(`[{"id":1,"title":"` + strings.Repeat("t", 200) + `"}]`)
	benchmark(b, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusOK)
		w.Write(body)
	}, get)
}

func BenchmarkPost(b *testing.B) {
	benchmark(b, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Write(body)
	}, func(base string) *http.Request {
		req := get(base)
		req.Method, req.ContentLength = http.MethodPost, 200
		req.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 200)))
		return req
	})
}

func BenchmarkListInSmallWrites(b *testing.B) {
	row := []byte(strings.Repeat("t", 250))
	benchmark(b, func(w http.ResponseWriter, _ *http.Request) {
		for range 4000 {
			w.Write(row)
		}
	}, get)
}

func BenchmarkDownload(b *testing.B) {
	chunk := make([]byte, 32<<10)
	benchmark(b, func(w http.ResponseWriter, _ *http.Request) {
		for range 128 {
			w.Write(chunk)
		}
	}, get)
}
