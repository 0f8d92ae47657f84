package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

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
