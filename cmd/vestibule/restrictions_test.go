package main

import (
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/storetest"
)

// With SIGN_UP=off only an operator can create users, and CORS_API_ORIGINS allows an
// origin to call the API. Both work on both engines.
func TestSignUpOffAndCORSInTheRunningProgram(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]string{"SQLite": "", "PostgreSQL": storetest.PostgresURL(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := with(testEnv(t), settings.Environment{"SIGN_UP": "off", "CORS_API_ORIGINS": "https://app.example.com", "BETTER_AUTH_SECRET": goodSecret})
			if database != "" {
				env["DATABASE_URL"] = database
			}
			i := start(t, "serve", env)
			c := browser(t)
			bff := i.log.url("bff")
			if code, body := request(t, c, http.MethodPost, bff+"/api/auth/sign-up/email", account); code != 400 || !strings.Contains(body, "EMAIL_PASSWORD_SIGN_UP_DISABLED") {
				t.Errorf("sign-up: got %d %s", code, body)
			}
			settings := settings.Environment{"DATABASE_URL": env["DATABASE_URL"]}
			if code, _, stderr := onceWith(t, "user create ada@example.com", settings, "password\n"); code != exitFailure || !strings.Contains(stderr, "PASSWORD_DENY_COMMON") {
				t.Errorf("user create with a common password: got %d %s", code, stderr)
			}
			if code, _, stderr := onceWith(t, "user create ada@example.com", settings, "correct horse battery staple\n"); code != exitOK {
				t.Errorf("user create: got %d %s", code, stderr)
			}
			if code, body := request(t, c, http.MethodPost, bff+"/api/auth/sign-in/email", account); code != 200 {
				t.Errorf("sign-in: got %d %s", code, body)
			}

			r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, i.log.url("api")+"/api/me/tasks/1", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{"Origin": {"https://app.example.com"}, "Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": {"authorization,if-match"}}
			res, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != "https://app.example.com" {
				t.Errorf("preflight at the API: got %d %v", res.StatusCode, res.Header)
			}
			if code, body := request(t, c, http.MethodGet, bff+"/api/proxy/me/tasks", ""); code != 200 || body != "[]" {
				t.Errorf("a request through the BFF: got %d %s", code, body)
			}
			// Inside the process the BFF forwards client addresses. The API must not warn
			// about an untrusted proxy then.
			if strings.Contains(i.log.String(), `"setting":"TRUSTED_PROXIES"`) {
				t.Errorf("got a warning about a proxy:\n%s", i.log)
			}
		})
	}
}

func TestAMisspeltSettingStopsTheStart(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"TRUSTED_ORIGIN": "TRUSTED_ORIGINS", "BETTER_AUTH_URL": "BASE_URL"} {
		code, stdout, stderr := once(t, "serve", with(testEnv(t), settings.Environment{name: "x"}))
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: got code %d, %q, want one that names %q", name, code, stderr, want)
		}
		oneError(t, stderr, name)
	}
}
