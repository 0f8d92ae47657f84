package web

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// TestAnAnswerCannotChangeTheHeadersOfTheNext: all answers share the values.
func TestAnAnswerCannotChangeTheHeadersOfTheNext(t *testing.T) {
	t.Parallel()
	change := false
	h := SecurityHeaders{CSP: APIPolicy, HTTPS: true}.Wrap(NoStore(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name := range maps.Clone(w.Header()) {
			if change {
				w.Header().Add(name, "added")
				w.Header().Set(name, "set")
			}
		}
	})))
	answer := func() http.Header {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		return w.Header()
	}
	want := answer()
	change = true
	answer()
	change = false
	if got := answer(); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %v after another answer, want %v", got, want)
	}
}

func TestSecurityHeadersStandOnTheAnswer(t *testing.T) {
	t.Parallel()
	for _, https := range []bool{false, true} {
		ts := httptest.NewServer(SecurityHeaders{CSP: APIPolicy, HTTPS: https}.Wrap(http.NotFoundHandler()))
		res, err := ts.Client().Get(ts.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		ts.Close()
		want := map[string]string{
			"X-Content-Type-Options":    "nosniff",
			"Content-Security-Policy":   APIPolicy,
			"Referrer-Policy":           "same-origin",
			ResourcePolicy:              "same-origin",
			"Strict-Transport-Security": "",
		}
		if https {
			want["Strict-Transport-Security"] = "max-age=31536000"
		}
		for name, value := range want {
			if got := res.Header.Get(name); got != value {
				t.Errorf("https %t: got %s: %q, want %q", https, name, got, value)
			}
		}
	}
}
