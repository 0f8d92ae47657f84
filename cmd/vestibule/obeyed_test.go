package main

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"vestibule/internal/pgtest"
)

// TestEverySettingHasAnEffect: no setting is read and then forgotten.
func TestEverySettingHasAnEffect(t *testing.T) {
	other := map[string]string{
		"BASE_URL": "http://localhost:3001", "BFF_ADDR": "localhost:1", "API_ADDR": "localhost:2", "ADMIN_ADDR": "localhost:3", "BACKEND_URL": "http://localhost:4",
		"TRUSTED_ORIGINS": "https://a.example", "CORS_API_ORIGINS": "https://a.example", "TRUSTED_PROXIES": "10.0.0.0/8", "MAX_CONNECTIONS": "200", "MAX_CONNECTIONS_PER_ADDRESS": "20", "DATABASE_URL": "sqlite:other.db", "MIGRATE": "false",
		"BETTER_AUTH_SECRET": goodSecret, "BETTER_AUTH_SECRET_PREVIOUS": goodSecret, "SESSION_EXPIRES_IN": "100h", "SESSION_UPDATE_AGE": "1h", "SESSION_MAX_AGE": "700h",
		"SESSION_FRESH_AGE": "5m", "COOKIE_SAMESITE": "strict", "COOKIE_NAME": "sid", "PASSWORD_MIN_LENGTH": "15", "PASSWORD_DENY_COMMON": "false", "SIGN_UP": "off",
		"REQUIRE_EMAIL_VERIFICATION": "true", "RATE_LIMIT": "off", "SMTP_URL": "smtp://localhost", "MAIL_FROM": "a@example.com", "MAIL_DIR": "elsewhere", "AUDIT_RETENTION": "1h",
		"JWT_ALGORITHM": "EdDSA", "JWT_ISSUER": "us", "JWT_AUDIENCE": "them", "JWT_EXPIRES_IN": "1m", "EXPOSE_TOKEN": "true", "JWKS_URL": "https://a.example/jwks",
		"JWT_ISSUERS": "[" + goodIssuer + "]", "PROXY_FORWARD_HEADERS": "X-A", "PROXY_BODY_LIMIT": "1", "PROXY_TIMEOUT": "1s", "PROXY_MAX_REQUESTS": "10", "MAX_STREAMS_PER_SESSION": "1", "MAX_STREAMS_PER_USER": "1", "MAX_STREAMS": "1", "WEB_DIR": "../../bff/spa", "WEB_DEV_URL": "http://localhost:5173",
		"LOG_FORMAT": "json", "LOG_LEVEL": "debug", "MAX_REQUESTS_PER_CALLER": "10",
	}
	read := func(env environment) config {
		c := *mustLoad(t, forServe, env)
		c.asGiven = nil // what is only shown
		return c
	}
	for _, s := range forServe.settings() {
		base := environment{}
		if s.name == "JWKS_URL" {
			base["JWT_ALGORITHM"] = "EdDSA"
		}
		if other[s.name] == "" {
			t.Errorf("%s: this test has no other value for it", s.name)
			continue
		}
		if reflect.DeepEqual(read(base), read(base.with(environment{s.name: other[s.name]}))) {
			t.Errorf("%s=%s changes nothing", s.name, other[s.name])
		}
	}
}

// TestClosedDoorsOfTheRunningProduct: what an operator closes and opens is closed and
// open, on both engines.
func TestClosedDoorsOfTheRunningProduct(t *testing.T) {
	for name, database := range map[string]string{"SQLite": "", "PostgreSQL": pgtest.Database(t)} {
		t.Run(name, func(t *testing.T) {
			env := anywhere(t).with(environment{"SIGN_UP": "off", "CORS_API_ORIGINS": "https://app.example.com", "BETTER_AUTH_SECRET": goodSecret, "MIGRATE": "true"})
			if database != "" {
				env["DATABASE_URL"] = database
			}
			i := start(t, "serve", env)
			c := browser(t)
			bff := i.log.url("bff")
			if code, body := request(t, c, http.MethodPost, bff+"/api/auth/sign-up/email", account); code != 400 || !strings.Contains(body, "EMAIL_PASSWORD_SIGN_UP_DISABLED") {
				t.Errorf("sign-up: got %d %s", code, body)
			}
			settings := environment{"DATABASE_URL": env["DATABASE_URL"]}
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
				t.Errorf("the BFF's own way to the API: got %d %s", code, body)
			}
			// Inside the process the BFF forwards addresses, and that is no stranger.
			if strings.Contains(i.log.String(), `"setting":"TRUSTED_PROXIES"`) {
				t.Errorf("got a warning about a proxy:\n%s", i.log)
			}
		})
	}
}

// TestAMisspeltSettingStopsTheStart, and nothing has been made by then.
func TestAMisspeltSettingStopsTheStart(t *testing.T) {
	for name, want := range map[string]string{"TRUSTED_ORIGIN": "TRUSTED_ORIGINS", "DRAIN_DELAY": "leave it out", "BETTER_AUTH_URL": "BASE_URL"} {
		code, stdout, stderr := once(t, "serve", anywhere(t).with(environment{name: "x"}))
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: got code %d, %q, want one that names %q", name, code, stderr, want)
		}
		oneError(t, stderr, name)
	}
}
