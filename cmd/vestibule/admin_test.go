package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestAdminAnswersProbes(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", testEnv(t))
	admin := i.log.url("admin")
	for path, want := range map[string]string{
		"/readyz":  `{"status":"ok","checks":{"api":"ok","bff":"ok","database":"ok","keys":"ok","listeners":"ok"}}`,
		"/healthz": `{"status":"ok","checks":{"api":"ok","bff":"ok","database":"ok","keys":"ok","listeners":"ok","secrets":"ok","triggers":"ok"}}`,
	} {
		if code, body := request(t, http.DefaultClient, http.MethodGet, admin+path, ""); code != http.StatusOK || body != want {
			t.Errorf("%s: got %d %s, want 200 %s", path, code, body, want)
		}
	}
	if code, body := request(t, http.DefaultClient, http.MethodGet, admin+"/livez", ""); code != http.StatusOK || body != `{"status":"ok"}` {
		t.Errorf("livez: got %d %s", code, body)
	}
	for _, path := range []string{"/livez", "/readyz", "/healthz"} {
		if code, _ := request(t, http.DefaultClient, http.MethodHead, admin+path, ""); code != http.StatusOK {
			t.Errorf("HEAD %s: got %d, want 200", path, code)
		}
		if code, body := request(t, http.DefaultClient, http.MethodPost, admin+path, ""); code != http.StatusMethodNotAllowed || !strings.Contains(body, "METHOD_NOT_ALLOWED") {
			t.Errorf("POST %s: got %d %s, want 405", path, code, body)
		}
	}
	if code, body := request(t, http.DefaultClient, http.MethodGet, admin+"/api/auth/ok", ""); code != http.StatusNotFound || !strings.Contains(body, "NOT_FOUND") {
		t.Errorf("another surface's path: got %d %s, want a JSON 404", code, body)
	}
}
