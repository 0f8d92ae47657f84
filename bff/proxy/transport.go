package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"vestibule/internal/roundtrip"
	"vestibule/internal/web"
)

const (
	// dialTimeout allows for two lost packets (TCP retries after 1 s and 3 s). An API
	// that has not accepted by then counts as unreachable.
	dialTimeout = 5 * time.Second
	// idleTimeout is less than the 5 s after which uvicorn and Node close an idle
	// connection, so that requests rarely use a connection that is being closed.
	idleTimeout = 4 * time.Second
	// maxIdle is how many connections are kept between requests. With the default of
	// 2, most requests must dial, which doubles their time (BenchmarkTransport).
	maxIdle = 256
	// maxHeader is the maximum size of the header of an API's answer, in bytes.
	maxHeader = 64 << 10
)

// Networks are the connections to APIs in other processes. Routes to one server share them. With
// connections of their own, fifty routes would have up to fifty times as many, and use each less
// often. The zero value has none yet. It is used only while proxies are made.
type Networks struct {
	all    map[network]http.RoundTripper
	before map[network]http.RoundTripper // to take over, see Next
}

// network is what proxies have in common that share connections.
type network struct {
	scheme, host string
	timeout      time.Duration
	standard     bool
}

func (n *Networks) to(server *url.URL, cfg Config) http.RoundTripper {
	key := network{server.Scheme, server.Host, cfg.Timeout, cfg.StandardTransport}
	if n.all[key] == nil {
		if n.all == nil {
			n.all = map[network]http.RoundTripper{}
		}
		n.all[key] = n.before[key]
	}
	if n.all[key] == nil {
		n.all[key] = newNetwork(server.Host, cfg.Timeout, cfg.StandardTransport)
	}
	return n.all[key]
}

// Next returns the networks of proxies that will replace those of n. They take over its
// connections to the servers that they lead to.
func (n *Networks) Next() *Networks { return &Networks{before: n.all} }

// Replace ends the time in which n takes over connections of old. The others of old that are idle
// are closed, and those in use soon after they have become idle.
func (n *Networks) Replace(old *Networks) {
	n.before = nil
	for key, t := range old.all {
		if closer, ok := t.(interface{ CloseIdleConnections() }); ok && n.all[key] != t {
			closer.CloseIdleConnections()
		}
	}
}

// newNetwork returns the transport to a backend in another process. It goes straight there, even
// if the environment names a proxy.
func newNetwork(host string, timeout time.Duration, standard bool) http.RoundTripper {
	other := sendOnce{newTransport(timeout)}
	if standard {
		return other
	}
	return newDirect(host, newDialer(timeout).DialContext, other)
}

// newDirect returns the transport for requests without a body to an http backend, which are most
// requests. other carries the rest.
func newDirect(host string, dial func(ctx context.Context, network, address string) (net.Conn, error), other http.RoundTripper) *roundtrip.Transport {
	return &roundtrip.Transport{
		Host: host, Dial: dial,
		MaxHeader: maxHeader, MaxIdle: maxIdle, IdleTimeout: idleTimeout,
		Other: other,
	}
}

// newDialer returns what opens the connections to the backend. The probes end a quiet stream half
// a minute after the API's machine or the network has gone without a word. With Go's nine probes,
// and an EventSource that sees an open connection to us, it would take two and a half minutes.
func newDialer(timeout time.Duration) *net.Dialer {
	dial := dialTimeout
	if 0 < timeout && timeout < dial {
		dial = timeout
	}
	return &net.Dialer{
		Timeout: dial, Control: web.LimitUnsentOf,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
}

// newTransport returns net/http's transport. It sends one request at a time on a connection. It
// adds, removes and decompresses nothing. The timeout of a dial includes a TLS handshake.
func newTransport(timeout time.Duration) *http.Transport {
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	t := &http.Transport{
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		Protocols:              http1,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
	}
	useEarlyAnswerConns(t, newDialer(timeout))
	return t
}

// upstream sends ReverseProxy's requests and runs their header timer.
type upstream struct{ next http.RoundTripper }

func newUpstream(cfg Config, server *url.URL) upstream {
	switch t := cfg.Transport.(type) {
	case nil:
		return upstream{cmp.Or(cfg.Networks, &Networks{}).to(server, cfg)}
	case *http.Transport:
		return upstream{sendOnce{t}}
	}
	return upstream{cfg.Transport}
}

func (u upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	x.headerTimer.start()
	if x.events {
		r = r.WithContext(x.upstream(r.Context()))
	}
	r, res, err := followSlash(u.next, r)
	x.headerTimer.stop()
	if err != nil {
		return nil, err
	}
	res.Request = r // not every RoundTripper sets it
	return res, nil
}

// sendOnce keeps http.Transport from sending a request twice. If a reused connection
// closes without an answer, http.Transport repeats a request without a body that has an
// Idempotency-Key. But the key means that the client may repeat the request, not that
// the API supports such keys. The transport looks for the canonical name only, so a
// lower-case name hides the key from it. On the wire, case does not matter.
type sendOnce struct{ *http.Transport }

var replayKeys = map[string]string{
	"Idempotency-Key":   "idempotency-key",
	"X-Idempotency-Key": "x-idempotency-key",
}

func (o sendOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		for name, hidden := range replayKeys {
			if values, ok := r.Header[name]; ok {
				delete(r.Header, name) // this header may be changed: rewrite made it
				r.Header[hidden] = values
			}
		}
	}
	return o.Transport.RoundTrip(r)
}

// headerTimer limits how long the API may take to send the header of its answer. It does
// not run while a read waits for the client's body: a slow upload is not the API's
// fault.
type headerTimer struct {
	limit   time.Duration // 0: no limit
	expired func()

	mu    sync.Mutex
	timer *time.Timer // nil before start and after stop
}

func (p *headerTimer) start() {
	if p.limit > 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.timer = time.AfterFunc(p.limit, p.expire)
	}
}

func (p *headerTimer) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.expired()
	}
}

func (p *headerTimer) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
}

func (p *headerTimer) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Reset(p.limit)
	}
}

func (p *headerTimer) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}
