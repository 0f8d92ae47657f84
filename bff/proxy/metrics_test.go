package proxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/metricstest"
	"vestibule/internal/waittest"
)

func TestOutcomesAreCountedByCause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		api  any
		ask  func(*rig)
		want string
	}{
		"the API answers": {http.NotFoundHandler(), func(r *rig) { r.get("/api/proxy/x") }, "answered"},
		"there is no API": {nothingListens, func(r *rig) { r.get("/api/proxy/x") }, "bad_gateway"},
		"nobody is signed in": {http.NotFoundHandler(), func(r *rig) {
			req := r.request(r.Context(), "GET", "/api/proxy/x", nil)
			req.Header.Del("Cookie")
			r.do(req)
		}, "no_session"},
		"the answer ends early": {rawAPI(t, answering("HTTP/1.1 200 OK\nContent-Length: 9\n\nab")), func(r *rig) {
			res, err := r.roundTrip(r.request(r.Context(), "GET", "/api/proxy/x", nil))
			if err != nil {
				return // the client may not even get the header
			}
			defer res.Body.Close()
			if text, err := io.ReadAll(res.Body); err == nil {
				r.Errorf("got %q as a complete answer", text)
			}
		}, "broken_off"},
		"the client leaves before the answer": {rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
			_, _ = http.ReadRequest(in)
			_, _ = in.ReadByte() // until the proxy hangs up
		}), leaving(func(r *rig) bool { return r.leases.Load() == 1 }), "client_left"},
		"the client leaves a stream": {http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}), func(r *rig) {
			ctx, cancel := context.WithCancel(r.Context())
			r.open(r.request(ctx, "GET", "/api/proxy/x", nil, "Accept", "text/event-stream"))
			cancel()
		}, "client_left"},
	} {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			r := newRig(t, c.api, func(cfg *Config) { cfg.Metrics = NewMetrics(registry) })
			before := metricstest.Of(t, registry)
			c.ask(r)
			series := `vestibule_proxy_requests_total{outcome="` + c.want + `",route="/api/proxy/"}`
			waittest.Until(t, "the request is counted", func() bool { return metricstest.Of(t, registry)[series] == 1 })
			metricstest.Want(t, before, metricstest.Of(t, registry), map[string]float64{series: 1})
		})
	}
}

// leaving returns a client that leaves when something has begun.
func leaving(begun func(*rig) bool) func(*rig) {
	return func(r *rig) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		req := r.request(ctx, "GET", "/api/proxy/x", nil)
		done := make(chan struct{})
		go func() { defer close(done); _, _ = r.roundTrip(req) }()
		waittest.Until(r, "it has begun", func() bool { return begun(r) })
		cancel()
		<-done
	}
}
