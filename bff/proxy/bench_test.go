package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"testing"

	"vestibule/bff/route"
	"vestibule/internal/web"
)

// browserHeader is what a browser sends with a fetch.
var browserHeader = http.Header{
	"Accept":             {"*/*"},
	"Accept-Encoding":    {"gzip, deflate, br, zstd"},
	"Accept-Language":    {"en-US,en;q=0.9,de;q=0.8"},
	"Connection":         {"keep-alive"},
	"Cookie":             {"better-auth.session_token=JVsd0p2Yqj3z1rYyUq0Tq2Wc1cQY9tq3vN8uP0m4x7k.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE%3D"},
	"Referer":            {"https://app.example/tasks"},
	"Sec-Ch-Ua":          {`"Chromium";v="130", "Not?A_Brand";v="99"`},
	"Sec-Ch-Ua-Mobile":   {"?0"},
	"Sec-Ch-Ua-Platform": {`"Linux"`},
	"Sec-Fetch-Dest":     {"empty"},
	"Sec-Fetch-Mode":     {"cors"},
	"Sec-Fetch-Site":     {"same-origin"},
	"User-Agent":         {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"},
}

func emptyList(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Request-Id", "x")
	_, _ = io.WriteString(w, "[]")
}

// bareProxy is a minimal reverse proxy for comparison.
func bareProxy(api *url.URL, transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.SetURL(api)
			pr.Out.URL.Path = "/api/" + pr.In.URL.Path[len(route.DefaultPath):]
			pr.Out.Header.Set("Authorization", "Bearer "+testBearer)
			pr.SetXForwarded()
		},
		Transport:  transport,
		BufferPool: bufferOf{&exchange{proxy: &Proxy{}}},
		ErrorLog:   log.New(io.Discard, "", 0),
	}
}

func benchProxy(b *testing.B, api *url.URL, transport http.RoundTripper) http.Handler {
	b.Helper()
	p, err := New(Config{
		Route: defaultRoute(), Backend: api, Public: mustParse(b, "https://app.example"), Transport: transport,
		Authorize: func(*http.Request) (Grant, error) {
			return Grant{Bearer: testBearer, Bind: unbound, Confirm: func(context.Context) error { return nil }}, nil
		},
		AllowUpgrade: func(*http.Request) bool { return false },
		ClientIP:     func(*http.Request) string { return "192.0.2.1" },
	})
	if err != nil {
		b.Fatal(err)
	}
	return web.Handle(p.Serve, writeTestError)
}

// stub answers from memory, so that BenchmarkServe measures only the proxies.
type stub struct{}

func (stub) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, ContentLength: 2, Request: r,
		Header: http.Header{
			"Content-Type": {"application/json"}, "Content-Length": {"2"}, "Date": {"Tue, 15 Nov 1994 12:45:26 GMT"},
			"X-Content-Type-Options": {"nosniff"}, "Cache-Control": {"no-store"}, "X-Request-Id": {"x"},
		},
		Body: http.NoBody,
	}, nil
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) WriteHeader(int)             {}
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Flush()                      {}

func BenchmarkServe(b *testing.B) {
	api := mustParse(b, "http://api.internal:8000")
	for name, h := range map[string]http.Handler{"bare": bareProxy(api, stub{}), "proxy": benchProxy(b, api, stub{})} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			for b.Loop() {
				r := &http.Request{Method: "GET", URL: &url.URL{Path: "/api/proxy/me/tasks"}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
					Header: browserHeader, Body: http.NoBody, Host: "app.example", RemoteAddr: "192.0.2.1:1234"}
				h.ServeHTTP(discard{http.Header{}}, r.WithContext(ctx))
			}
		})
	}
}

// BenchmarkSockets requests an empty list over real connections, with 16 concurrent
// clients per processor.
func BenchmarkSockets(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(emptyList))
	b.Cleanup(s.Close)
	api := mustParse(b, s.URL)
	for _, proxy := range []string{"bare", "proxy"} {
		transport := newTransport(0)
		b.Cleanup(transport.CloseIdleConnections)
		h := bareProxy(api, transport)
		if proxy == "proxy" {
			h = benchProxy(b, api, transport)
		}
		b.Run(proxy, func(b *testing.B) { benchSockets(b, h, 16) })
	}
}

// BenchmarkTransport measures the effect of newTransport's settings.
func BenchmarkTransport(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(emptyList))
	b.Cleanup(s.Close)
	api := mustParse(b, s.URL)
	for _, idle := range []int{http.DefaultMaxIdleConnsPerHost, 64, maxIdle, 1024} {
		for _, parallel := range []int{8, 64} {
			transport := newTransport(0)
			transport.MaxIdleConnsPerHost = idle
			b.Cleanup(transport.CloseIdleConnections)
			b.Run(fmt.Sprintf("idle=%d/clients=%d", idle, parallel*2), func(b *testing.B) {
				benchSockets(b, benchProxy(b, api, transport), parallel)
			})
		}
	}
}

// BenchmarkRoundTrip compares the two ways over the network, without a proxy around them. The
// API allocates nothing for a request.
func BenchmarkRoundTrip(b *testing.B) {
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n" +
		"Cache-Control: no-store\r\nX-Request-Id: x\r\nDate: Tue, 15 Nov 1994 12:45:26 GMT\r\nContent-Length: 2\r\n\r\n[]")
	api := mustParse(b, rawAPI(b, func(conn net.Conn, in *bufio.Reader) {
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) > len("\r\n") {
				continue
			}
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
	}))
	for name, standard := range map[string]bool{"direct": false, "standard": true} {
		transport := newNetwork(api.Host, 0, standard)
		b.Cleanup(transport.(interface{ CloseIdleConnections() }).CloseIdleConnections)
		for _, parallel := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/clients=%d", name, parallel), func(b *testing.B) { benchRoundTrip(b, api, transport, parallel) })
		}
	}
}

func benchRoundTrip(b *testing.B, api *url.URL, transport http.RoundTripper, parallel int) {
	b.ReportAllocs()
	b.SetParallelism(max(1, parallel/runtime.GOMAXPROCS(0)))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ctx, cancel := context.WithCancel(b.Context())
			r := (&http.Request{Method: "GET", URL: api, Header: browserHeader}).WithContext(ctx)
			res, err := transport.RoundTrip(r)
			if err != nil {
				b.Error(err)
				cancel()
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			cancel()
		}
	})
}

func benchSockets(b *testing.B, h http.Handler, parallel int) {
	b.ReportAllocs()
	front := httptest.NewServer(h)
	defer front.Close()
	client := newTransport(0)
	client.MaxIdleConnsPerHost = 10_000
	defer client.CloseIdleConnections()
	b.SetParallelism(parallel)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := http.NewRequest(http.MethodGet, front.URL+"/api/proxy/me/tasks", nil)
			if err != nil {
				b.Error(err)
				return
			}
			r.Header = browserHeader
			res, err := client.RoundTrip(r)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode != 200 {
				b.Errorf("got %d", res.StatusCode)
				return
			}
		}
	})
}
