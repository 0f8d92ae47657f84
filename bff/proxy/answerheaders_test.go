package proxy

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestWithheldNamesAreCanonical: a name in another form would never match.
func TestWithheldNamesAreCanonical(t *testing.T) {
	t.Parallel()
	names := slices.Clone(withheldPrefixes)
	for name := range withheld {
		names = append(names, name)
	}
	for _, name := range names {
		if canonical := http.CanonicalHeaderKey(strings.TrimSuffix(name, "-")); canonical != strings.TrimSuffix(name, "-") {
			t.Errorf("got %q, want %q", name, canonical)
		}
	}
}

// TestNginxIsAskedToPassEventsOn at once, also if the API does not ask. What the API says counts.
func TestNginxIsAskedToPassEventsOn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ mediaType, said, want string }{
		"events":           {"text/event-stream; charset=utf-8", "", "no"},
		"an API that asks": {"text/event-stream", "yes", "yes"},
		"another answer":   {"application/json", "", ""},
	} {
		r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", tt.mediaType)
			if tt.said != "" {
				w.Header().Set("X-Accel-Buffering", tt.said)
			}
		}))
		if res, _ := r.get("/api/proxy/x"); res.Header.Get("X-Accel-Buffering") != tt.want {
			t.Errorf("%s: got %q, want %q", name, res.Header.Get("X-Accel-Buffering"), tt.want)
		}
	}
}

func TestHeaderFamiliesAreWithheld(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Secure-Session-Anything": true, "Sec-Anything": true, "Cross-Origin-Anything": true, "Access-Control-Anything": true,
		"Fastly-Cdn-Cache-Control": true, "X-Accel-Anything": true, "X-Litespeed-Anything": true, "Content-Security-Policy-Anything": true,
		"Cache-Control": false, "X-Accel-Buffering": false, "Content-Type": false, "Retry-After": false, "Etag": false, "Security": false, "X-Total-Count": false,
	} {
		if got := withhold(name); got != want {
			t.Errorf("%s: got %t, want %t", name, got, want)
		}
	}
}
