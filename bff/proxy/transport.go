package proxy

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"

	"vestibule/internal/web"
)

const (
	// dialTimeout is enough for two lost packets (TCP asks again after 1 s and
	// 3 s); an API that does not answer by then is not there.
	dialTimeout = 5 * time.Second
	// idleTimeout is below the 5 s after which uvicorn and Node close an idle
	// connection, so that hardly a request meets one that is just being closed.
	idleTimeout = 4 * time.Second
	// maxIdle is how many connections are kept between requests. The default of
	// 2 has most requests dial, which doubles their time (BenchmarkTransport).
	maxIdle = 256
	// maxHeader is the largest header that the API may answer with, in bytes.
	maxHeader = 64 << 10
	// bufferSize is that of one copy from the API to the client.
	bufferSize = 32 << 10
)

// newTransport carries requests over the network: straight to the backend,
// whatever the environment says of proxies, one request at a time on a
// connection, and with nothing added, removed or decompressed on the way.
func newTransport(timeout time.Duration) *http.Transport {
	dial := dialTimeout
	if 0 < timeout && timeout < dial {
		dial = timeout
	}
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
	// The timeout includes a TLS handshake.
	dialAnswered(t, &net.Dialer{Timeout: dial, Control: web.LimitUnsentOf})
	return t
}

// upstream sends ReverseProxy's requests and keeps the time.
type upstream struct{ next http.RoundTripper }

func newUpstream(next http.RoundTripper, timeout time.Duration) upstream {
	switch t := next.(type) {
	case nil:
		return upstream{once{newTransport(timeout)}}
	case *http.Transport:
		return upstream{once{t}}
	}
	return upstream{next}
}

func (u upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	x.patience.start()
	res, err := u.next.RoundTrip(r)
	x.patience.stop()
	if err != nil {
		return nil, err
	}
	res.Request = r // not every RoundTripper sets it
	return res, nil
}

// once keeps http.Transport from sending a request twice. When a connection
// that it has used before dies without an answer, it takes a request without a
// body for safe to repeat if that has an Idempotency-Key. But the key means
// that the client may repeat it, not that the API knows keys. The transport
// looks for the canonical name only; on the wire case means nothing.
type once struct{ *http.Transport }

var replayKeys = map[string]string{
	"Idempotency-Key":   "idempotency-key",
	"X-Idempotency-Key": "x-idempotency-key",
}

func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		for name, hidden := range replayKeys {
			if values, ok := r.Header[name]; ok {
				delete(r.Header, name) // the header is ours: rewrite made it
				r.Header[hidden] = values
			}
		}
	}
	return o.Transport.RoundTrip(r)
}

// patience is the time that an API has for the headers of its answer. It does
// not run while a read waits for the client's body: a slow upload is not the
// API's fault.
type patience struct {
	limit   time.Duration // 0: no limit
	expired func()

	mu    sync.Mutex
	timer *time.Timer // nil before start and after stop
}

func (p *patience) start() {
	if p.limit > 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.timer = time.AfterFunc(p.limit, p.expire)
	}
}

func (p *patience) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.expired()
	}
}

func (p *patience) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
}

func (p *patience) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Reset(p.limit)
	}
}

func (p *patience) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

// buffers is an httputil.BufferPool. It holds arrays, because putting a slice
// into a sync.Pool allocates.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if array, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return array[:]
	}
	return make([]byte, bufferSize)
}

func (b *buffers) Put(buf []byte) { b.pool.Put((*[bufferSize]byte)(buf)) }
