package inprocess_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/inprocess"
)

// The trials run in-process and over a socket between http.Transport and http.Server. They
// may differ only in the points that the package comment names.

// trial is one exchange.
type trial struct {
	name    string
	handler func(http.ResponseWriter, *http.Request, *notes)
	request func(*http.Request) // changes a plain GET of /
	direct  bool                // a proxy in between would hide or break the case
}

// outcome is what the client and the handler see of a trial.
type outcome struct {
	Status        string
	Header        http.Header // without headers of the connection
	ContentLength int64
	Body          string
	RoundTrip     string // kinds of errors
	Reading       string
	Handler       []string // what it recorded
}

type notes struct {
	mu    sync.Mutex
	lines []string
}

func (n *notes) add(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

var errBody = errors.New("the client's body is broken")

// kind reduces an error to the part that callers may rely on.
func kind(err error) string {
	for _, k := range []struct {
		err  error
		name string
	}{
		{errBody, "the body's own error"},
		{context.Canceled, "canceled"},
		{io.ErrUnexpectedEOF, "unexpected EOF"},
		{io.EOF, "EOF"},
		{http.ErrContentLength, "too long"},
		{http.ErrBodyNotAllowed, "no body allowed"},
		{http.ErrBodyReadAfterClose, "read after close"},
		{http.ErrNotSupported, "not supported"},
	} {
		if errors.Is(err, k.err) {
			return k.name
		}
	}
	if err != nil {
		return "other"
	}
	return ""
}

// side makes a handler reachable. It returns a transport and an address.
type side func(*testing.T, http.Handler) (http.RoundTripper, string)

func inProcess(_ *testing.T, h http.Handler) (http.RoundTripper, string) {
	return &inprocess.Transport{Handler: h, Log: slog.New(slog.DiscardHandler)}, "http://api.internal:8000"
}

func overSocket(t *testing.T, h http.Handler) (http.RoundTripper, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return transport, server.URL
}

// proxied puts a ReverseProxy in front of a side. The proxy's own clients use a socket.
func proxied(upstream side) side {
	return func(t *testing.T, h http.Handler) (http.RoundTripper, string) {
		t.Helper()
		transport, base := upstream(t, h)
		target, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		proxy := &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(target)
				r.Out.Host = r.In.Host
			},
			Transport:     transport,
			FlushInterval: -1,
			ErrorLog:      log.New(io.Discard, "", 0),
		}
		return overSocket(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// The proxy flushes from its own timer. Without this it would depend on timing
			// whether its server guesses an absent type.
			w.Header()["Content-Type"] = nil
			// Otherwise its server would read up to 256 KiB of a request that is still
			// being proxied when the answer begins.
			_ = http.NewResponseController(w).EnableFullDuplex()
			proxy.ServeHTTP(w, r)
		}))
	}
}

const testHost = "api.example:8000"

// run runs one trial on one side.
func run(t *testing.T, at side, tr trial) outcome {
	t.Helper()
	seen, returned := &notes{}, make(chan struct{})
	transport, base := at(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(returned)
		w.Header().Set("Content-Type", "text/plain") // a server would guess it
		tr.handler(w, r, seen)
	}))
	var out outcome
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = testHost
	if tr.request != nil {
		tr.request(req)
	}
	res, err := transport.RoundTrip(req)
	out.RoundTrip = kind(err)
	if err == nil {
		out.Status, out.ContentLength, out.Header = res.Status, res.ContentLength, res.Header.Clone()
		out.Header.Del("Date")
		out.Header.Del("Connection")
		maps.DeleteFunc(out.Header, func(_ string, values []string) bool { return len(values) == 0 })
		body, err := io.ReadAll(res.Body)
		out.Body, out.Reading = string(body), kind(err)
		if err := res.Body.Close(); err != nil {
			t.Errorf("closing the body: %v", err)
		}
		if res.Request != req {
			t.Error("Response.Request is not the client's request")
		}
	}
	select {
	case <-returned:
	case <-time.After(30 * time.Second):
		t.Fatal("the handler has not returned:", err)
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	out.Handler = seen.lines
	return out
}

func compare(t *testing.T, trials []trial) {
	for _, tr := range trials {
		t.Run(tr.name, func(t *testing.T) {
			want, got := run(t, overSocket, tr), run(t, inProcess, tr)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("in-process (+) differs from a socket (-):\n%s", diff)
			}
			if tr.direct {
				return
			}
			want, got = run(t, proxied(overSocket), tr), run(t, proxied(inProcess), tr)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("behind a ReverseProxy, in-process (+) differs from a socket (-):\n%s", diff)
			}
		})
	}
}
