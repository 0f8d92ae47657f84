package main

import (
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

// TestForwardAuthHasItsOwnListener, which stops with the program.
func TestForwardAuthHasItsOwnListener(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", with(testEnv(t), settings.Environment{"FORWARD_AUTH_ADDR": "127.0.0.1:0"}))
	c, bff, auth := browser(t), i.log.url("bff"), i.log.url("forward-auth")
	if code, body := request(t, c, http.MethodPost, bff+"/api/auth/signup", account); code != http.StatusOK {
		t.Fatalf("sign-up: got %d %s", code, body)
	}
	ask := func(c *http.Client, at string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/verify", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"X-Forwarded-Method": {"POST"}, "X-Forwarded-Uri": {"/orders/"}}
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	if res := ask(c, auth); res.StatusCode != http.StatusNoContent || !strings.HasPrefix(res.Header.Get("Authorization"), "Bearer ") || res.Header.Get("X-User-Email") != "ada@example.com" {
		t.Errorf("with a session: got %d with %v", res.StatusCode, res.Header)
	}
	if res := ask(browser(t), auth); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a session: got %d, want 401", res.StatusCode)
	}
	for _, other := range []string{"bff", "api", "admin"} {
		if res := ask(c, i.log.url(other)); res.StatusCode == http.StatusNoContent || res.Header.Get("Authorization") != "" {
			t.Errorf("%s: got %d with %v", other, res.StatusCode, res.Header)
		}
	}
	i.stop()
	if code := waittest.Receive(t, "exit", i.code); code != exitOK || waittest.Status(auth+"/verify") != 0 {
		t.Errorf("got code %d, want %d and a closed listener:\n%s", code, exitOK, i.log)
	}
}
