package proxy

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"vestibule/bff/route"
)

func TestHeadersOfAPatternPass(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api, func(c *Config) { c.ForwardHeaders = []string{"x-my-*", "X-B*", "X-Tenant"} })
	res, _ := r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n" +
		"x-my-app: 1\nX-MY-APP: 2\nX-My-Other: 3\nX-Tenant: 4\nX-Bar: 5\n" +
		"X-Mine: 6\nMy-App: 7\nX-My: 8\nX-My_App: 9\nX-My-App_Id: 10\n\n").answer("GET")
	r.wantHeader(api.onlyRequest(t), res, "X-My-App", "1", "X-My-App", "2", "X-My-Other", "3", "X-Tenant", "4", "X-Bar", "5")
}

// TestPatternsThatCannotBeConfigured: a pattern must not match a name that cannot be added by
// itself, and must be long enough to mean something.
func TestPatternsThatCannotBeConfigured(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"*": "begins with X-", "X*": "begins with X-", "X-*": "begins with X-", "Cook*": "begins with X-", "Sec-WebSocket-*": "begins with X-", "Y-My-*": "begins with X-",
		"X-My-**": "one *", "X-My-*-Id": "one *", "X-*-Id": "one *", "*X-My-": "one *", "X-My_*": "many servers", "X-My *": "not a valid header name", "X-My:*": "not a valid header name",
		"X-F*": "X-Forwarded-", "x-forwarded-*": "X-Forwarded-", "X-Forwarded-Fo*": "X-Forwarded-", "X-R*": "X-Real-Ip", "X-Real-I*": "X-Real-Ip", "X-Real-IP*": "X-Real-Ip",
		"X-U*": "X-User", "X-User-*": "X-User-Email", "X-Request-*": "X-Request-Id", "X-A*": "X-Anonymous", "X-Auth-Request-My-*": "X-Auth-Request-",
		"X-HTTP-Method*": "X-Http-Method", "X-M*": "X-Method-Override", "X-MS-*": "X-Ms-Client-Principal",
	} {
		if got := route.WhyNotForwarded(pattern); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", pattern, got, want)
		}
		if _, err := NewHeaderList([]string{"X-Fine-*", pattern}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "X-Fine") {
			t.Errorf("%s: got %v, want an error about this entry alone", pattern, err)
		}
	}
	for _, pattern := range []string{"X-My-*", "x-my-*", "X-Mine*", "X-Feature-*", "X-B3-*", "X-Users-*", "X-!*"} {
		if got := route.WhyNotForwarded(pattern); got != "" {
			t.Errorf("%s is refused: %s", pattern, got)
		}
	}
}

func TestPatternsAreBounded(t *testing.T) {
	t.Parallel()
	patterns := slices.Repeat([]string{"X-My-*"}, route.MaxHeaderPatterns)
	if _, err := NewHeaderList(patterns); err != nil {
		t.Error(err)
	}
	if _, err := NewHeaderList(append(patterns, "X-Your-*")); err == nil {
		t.Errorf("got no error for %d patterns", route.MaxHeaderPatterns+1)
	}
}

// TestNoPatternLetsAForbiddenNamePass even if it was not refused.
func TestNoPatternLetsAForbiddenNamePass(t *testing.T) {
	t.Parallel()
	l := HeaderList{prefixes: []string{"X-", "C", "A", "S", "T", "P"}}
	for _, name := range []string{"Cookie", "Authorization", "X-Request-Id", "Traceparent", "X-User-Id", "X-Real-Ip", "X-Original-Url", "Proxy-Authorization", "Connection", "Transfer-Encoding"} {
		if l.Passes(name) {
			t.Errorf("%s passes", name)
		}
	}
	to := http.Header{}
	l.pass(to, http.Header{"X-Forwarded-For": {"1"}, "X-Forwarded-New": {"1"}, "X-My_App": {"1"}, "X-My-App": {"1"}})
	if len(to) != 1 || to.Get("X-My-App") != "1" {
		t.Errorf("got %v", to)
	}
}

// FuzzHeaderPatterns: whatever an operator adds, no name passes that could not be added by
// itself.
func FuzzHeaderPatterns(f *testing.F) {
	f.Add("X-My-*", "X-My-App")
	f.Add("X-F*", "X-Forwarded-For")
	f.Add("x-re*", "X-REAL-IP")
	f.Add("X-My-*", "X-My-A_b")
	f.Fuzz(func(t *testing.T, entry, name string) {
		l, err := NewHeaderList([]string{entry})
		if err != nil {
			return
		}
		if l.Passes(name) && route.WhyNotName(name) != "" && !slices.Contains(requestHeaders, http.CanonicalHeaderKey(name)) {
			t.Errorf("%q lets %q pass: %s", entry, name, route.WhyNotName(name))
		}
	})
}

func BenchmarkHeaderList(b *testing.B) {
	for name, further := range map[string][]string{"names": {"X-Tenant"}, "a pattern": {"X-My-*"}} {
		l, err := NewHeaderList(further)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			to := make(http.Header, 32)
			for b.Loop() {
				clear(to)
				l.pass(to, browserHeader)
			}
		})
	}
}
