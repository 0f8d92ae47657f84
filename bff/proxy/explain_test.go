package proxy

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vestibule/bff/route"
	"vestibule/internal/web"
)

// What ExplainHeader says of a header is what the proxy does with it.
func TestAnExplanationOfAHeaderIsTrue(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api, func(c *Config) { c.ForwardHeaders = []string{"X-Tenant"} })
	asked := route.Route{Path: route.DefaultPath, ForwardHeaders: []string{"X-Tenant"}}
	names := append(UsualHeaders(), "X-Tenant", "X-Other", "X_Tenant", "X-User-Id", "Via")
	// These frame the request, or pass only together with others.
	names = slices.DeleteFunc(names, func(name string) bool {
		return slices.Contains([]string{"Host", "Connection", "Content-Length", "Tracestate", "Upgrade"}, name)
	})
	var lines strings.Builder
	for _, name := range names {
		lines.WriteString(name + ": the client's " + name + "\n")
	}
	_, _ = r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\n" + lines.String() + "\n").answer("GET")
	got := api.onlyRequest(t).Header
	for _, name := range names {
		passes, why := ExplainHeader(name, &asked)
		if arrived := got.Get(name) == "the client's "+name; arrived != passes || why == "" {
			t.Errorf("%s: got %v, %q, but it arrived: %v", name, passes, why, arrived)
		}
	}
}

func TestHandshakesAreExplained(t *testing.T) {
	t.Parallel()
	for _, name := range append([]string{"Connection", "Upgrade"}, handshakeRequest...) {
		if passes, _ := ExplainHeader(name, &route.Route{WebSocket: true}); !passes {
			t.Errorf("%s: got that it does not pass", name)
		}
		if passes, _ := ExplainHeader(name, &route.Route{}); passes {
			t.Errorf("%s: got that it passes on a route without WebSockets", name)
		}
	}
}

func TestTargetsThatNoRoutePassesAreRefused(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]int{
		"/api/x/a?b=c": 0, "/api/x/..%2fa": http.StatusBadRequest, "/api/x//a": http.StatusBadRequest, "/api/x/a?b=%zz": http.StatusBadRequest, "/api/x/a?b;c": http.StatusBadRequest,
	} {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Fatal(err)
		}
		if got := statusOf(CheckTarget(&http.Request{Method: http.MethodGet, URL: u})); got != want {
			t.Errorf("%s: got %d, want %d", target, got, want)
		}
		if got := statusOf(CheckTarget(&http.Request{Method: http.MethodTrace, URL: u})); got != http.StatusMethodNotAllowed {
			t.Errorf("TRACE %s: got %d", target, got)
		}
	}
}

func statusOf(err error) int {
	if refusal, is := errors.AsType[*web.Error](err); is {
		return refusal.Status
	}
	return 0
}

// A route can list every method that the proxy passes, and no other.
func TestRoutesKnowTheMethodsOfTheProxy(t *testing.T) {
	t.Parallel()
	if got := route.Methods(); !slices.Equal(got, methods) {
		t.Errorf("got %v, want %v", got, methods)
	}
}
