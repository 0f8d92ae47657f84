package proxy

import (
	"bufio"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/bff/route"
	"vestibule/internal/roundtrip"
	"vestibule/internal/waittest"
)

// TestAPostGoesUpstreamAtMostOnce: if the API reads a request on a reused connection and
// closes without an answer, it must not get the request again.
func TestAPostGoesUpstreamAtMostOnce(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		for method, want := range map[string]int32{"POST": 1, "PUT": 1, "PATCH": 1, "DELETE": 1, "GET": 2} {
			t.Run(method+" with "+header, func(t *testing.T) {
				for name, way := range ways {
					var got atomic.Int32
					var key atomic.Value
					r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
						for {
							req, err := http.ReadRequest(in)
							if err != nil {
								return
							}
							if strings.HasSuffix(req.URL.Path, "/first") {
								_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
								continue
							}
							got.Add(1)
							key.Store(req.Header.Get(header))
							return
						}
					}), func(c *Config) { c.ForwardHeaders = []string{"X-Idempotency-Key"} }, way)
					r.get("/api/proxy/first")
					res, body := r.do(r.request(t.Context(), method, "/api/proxy/second", nil, header, "k"))
					r.wantError(res, body, http.StatusBadGateway, "BAD_GATEWAY")
					if n := got.Load(); n != want {
						t.Errorf("%s: the API got the request %d times, want %d", name, n, want)
					}
					if k := key.Load(); k != "k" {
						t.Errorf("%s, %s: the API got %q", name, header, k)
					}
				}
			})
		}
	}
}

func TestARequestOnAConnectionThatTheAPIHasClosedSucceeds(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
			if _, err := http.ReadRequest(in); err == nil {
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") // and close
			}
		}), way)
		for range 100 {
			if res, body := r.get("/api/proxy/x"); res.StatusCode != 200 {
				t.Fatalf("%s: got %d %s", name, res.StatusCode, body)
			}
		}
	}
}

// TestConnectionsToTheAPIAreReused: net/http does not reuse a connection if the machine is too
// busy to report the end of its request within 50 ms. So one round without a new connection is
// enough. By default, net/http would keep only two of the connections.
func TestConnectionsToTheAPIAreReused(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) { testReuse(t, way) })
	}
}

func testReuse(t *testing.T, way func(*Config)) {
	const parallel = 20
	var connections atomic.Int32
	var met chan struct{}
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		met <- struct{}{} // until all requests of a round are here
	}))
	api.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	api.Start()
	t.Cleanup(api.Close)
	r := newRig(t, api.URL, way)
	round := func() (opened int32) {
		before := connections.Load()
		met = make(chan struct{})
		done := make(chan struct{}, parallel)
		for range parallel {
			go func() {
				r.get("/api/proxy/x")
				done <- struct{}{}
			}()
		}
		for range parallel {
			waittest.Receive(t, "a request at the API", met)
		}
		for range parallel {
			waittest.Receive(t, "an answer", done)
		}
		return connections.Load() - before
	}
	round()
	for range 20 {
		if round() == 0 {
			return
		}
	}
	t.Errorf("got %d connections for %d requests at a time, want them reused", connections.Load(), parallel)
}

func TestTheTransportAddsNothing(t *testing.T) {
	t.Parallel()
	transport := newTransport(time.Second)
	if transport.Proxy != nil {
		t.Error("the environment can set a proxy for requests to the API")
	}
	if !transport.DisableCompression {
		t.Error("the transport asks for compressed bodies and uncompresses them")
	}
	if p := transport.Protocols; p == nil || p.String() != "{HTTP1}" {
		t.Errorf("got protocols %v", p)
	}
	if transport.TLSClientConfig.MinVersion < tls.VersionTLS12 || transport.TLSClientConfig.InsecureSkipVerify {
		t.Error("TLS is weak")
	}
}

func TestAnAPIOverTLS(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	s := httptest.NewUnstartedServer(api)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the client hangs up, which is an error here
	s.StartTLS()
	t.Cleanup(s.Close)
	t.Run("passes with a certificate that verifies", func(t *testing.T) {
		r := newRig(t, s.URL, func(c *Config) {
			transport := newTransport(waitLimit)
			t.Cleanup(transport.CloseIdleConnections)
			transport.TLSClientConfig.RootCAs = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			c.Transport = transport
		})
		if res, _ := r.get("/api/proxy/x"); res.StatusCode != 200 || api.onlyRequest(t).Proto != "HTTP/1.1" {
			t.Errorf("got %d", res.StatusCode)
		}
	})
	t.Run("is a 502 otherwise", func(t *testing.T) {
		r := newRig(t, s.URL)
		res, body := r.get("/api/proxy/x")
		for range 20 {
			if res.StatusCode != http.StatusGatewayTimeout {
				break
			}
			res, body = r.get("/api/proxy/x") // a busy machine may take too long for the handshake
		}
		r.wantError(res, body, http.StatusBadGateway, "BAD_GATEWAY")
		api.none(t)
	})
}

// TestWhichTransportCarriesWhat: Config decides, and then what the request is.
func TestWhichTransportCarriesWhat(t *testing.T) {
	t.Parallel()
	backend := mustParse(t, "http://api.internal")
	direct, ok := newUpstream(Config{}, backend).next.(*roundtrip.Transport)
	if !ok {
		t.Fatal("requests do not take the direct way")
	}
	if _, ok := direct.Other.(sendOnce); !ok || direct.Host != backend.Host {
		t.Errorf("got %T for other requests, and the host %s", direct.Other, direct.Host)
	}
	if next, ok := newUpstream(Config{StandardTransport: true}, backend).next.(sendOnce); !ok {
		t.Errorf("got %T, want only net/http's transport", next)
	}
	if next, ok := newUpstream(Config{Transport: &http.Transport{}}, backend).next.(sendOnce); !ok {
		t.Errorf("got %T around a transport of the caller", next)
	}
	// Routes to one server share its connections, if they agree on the rest.
	shared := &Networks{}
	of := func(server string, timeout time.Duration) http.RoundTripper {
		return newUpstream(Config{Networks: shared, Route: route.Route{Timeout: timeout}}, mustParse(t, server)).next
	}
	first := of("http://api.internal/a/", time.Second)
	if of("http://api.internal/b/", time.Second) != first {
		t.Error("two routes to one server have connections of their own")
	}
	for server, timeout := range map[string]time.Duration{"http://api.internal": time.Minute, "https://api.internal": time.Second, "http://api.internal:8080": time.Second} {
		if of(server, timeout) == first {
			t.Errorf("%s within %v shares the connections of another", server, timeout)
		}
	}
}
