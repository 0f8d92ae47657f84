package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRequestIDsDiffer, and have the form of earlier versions.
func TestRequestIDsDiffer(t *testing.T) {
	t.Parallel()
	form, seen := regexp.MustCompile(`^[a-z2-7]{26}$`), map[string]bool{}
	for range 10_000 {
		id := newRequestID()
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("got %q, want a new id", id)
		}
		seen[id] = true
	}
}

func TestARequestIDIsBelievedOnlyFromTrustedSendersAndWhenHarmless(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		trusted bool
		ids     []string
		kept    bool
	}{
		"trusted":           {true, []string{"AZaz09-_."}, true},
		"untrusted":         {false, []string{"AZaz09-_."}, false},
		"two":               {true, []string{"a", "b"}, false},
		"empty":             {true, []string{""}, false},
		"longest":           {true, []string{strings.Repeat("x", 64)}, true},
		"too long":          {true, []string{strings.Repeat("x", 65)}, false},
		"with a space":      {true, []string{"a b"}, false},
		"with a line break": {true, []string{"a\nb"}, false},
		"none":              {true, nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log logBuffer
			seen := ""
			h := RequestLog{Log: log.logger(), TrustID: func(*http.Request) bool { return tt.trusted }}.Wrap(
				http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = RequestID(r) }))
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header[RequestIDHeader] = tt.ids
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if kept := slices.Contains(tt.ids, seen); kept != tt.kept {
				t.Errorf("got id %q for %q, want it kept: %t", seen, tt.ids, tt.kept)
			}
			if !validRequestID(seen) {
				t.Errorf("got the invalid id %q", seen)
			}
			if got := w.Header().Get(RequestIDHeader); got != seen {
				t.Errorf("got id %q in the answer, want %q", got, seen)
			}
			if got := log.records(t, 1)[0]["request_id"]; got != seen {
				t.Errorf("got id %q in the log, want %q", got, seen)
			}
		})
	}
}

func TestOwnRequestIDsAreKnown(t *testing.T) {
	t.Parallel()
	for range 100 {
		if id := newRequestID(); !OwnRequestID(id) {
			t.Errorf("got %q for an id of somebody else", id)
		}
	}
	for _, id := range []string{"", "vestibule-doctor-asks", "5a1f0d5e-6a3b-4c1e-9a4e-0d9f6a1b2c3d", "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ec"} {
		if OwnRequestID(id) {
			t.Errorf("got %q for one of ours", id)
		}
	}
}
