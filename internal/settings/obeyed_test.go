package settings

import (
	"reflect"
	"testing"
)

// TestEverySettingHasAnEffect: no setting is read and then forgotten.
func TestEverySettingHasAnEffect(t *testing.T) {
	other := map[string]string{
		"BASE_URL": "http://localhost:3001", "BFF_ADDR": "localhost:1", "API_ADDR": "localhost:2", "ADMIN_ADDR": "localhost:3", "BACKEND_URL": "http://localhost:4",
		"TRUSTED_ORIGINS": "https://a.example", "CORS_API_ORIGINS": "https://a.example", "TRUSTED_PROXIES": "10.0.0.0/8", "MAX_CONNECTIONS": "200", "MAX_CONNECTIONS_PER_ADDRESS": "20", "DATABASE_URL": "sqlite:other.db", "MIGRATE": "false",
		"BETTER_AUTH_SECRET": goodSecret, "BETTER_AUTH_SECRET_PREVIOUS": goodSecret, "SESSION_EXPIRES_IN": "100h", "SESSION_UPDATE_AGE": "1h", "SESSION_MAX_AGE": "700h",
		"SESSION_FRESH_AGE": "5m", "SESSIONS_PER_USER": "7", "TASKS_PER_USER": "7", "COOKIE_SAMESITE": "strict", "COOKIE_NAME": "sid", "PASSWORD_MIN_LENGTH": "15", "PASSWORD_DENY_COMMON": "false", "SIGN_UP": "off",
		"REQUIRE_EMAIL_VERIFICATION": "true", "RATE_LIMIT": "off", "SMTP_URL": "smtp://localhost", "MAIL_FROM": "a@example.com", "MAIL_DIR": "elsewhere", "AUDIT_RETENTION": "1h",
		"JWT_ALGORITHM": "EdDSA", "JWT_ISSUER": "us", "JWT_AUDIENCE": "them", "JWT_EXPIRES_IN": "1m", "EXPOSE_TOKEN": "true", "JWKS_URL": "https://a.example/jwks",
		"JWT_ISSUERS": "[" + goodIssuer + "]", "PROXY_FORWARD_HEADERS": "X-A", "PROXY_BODY_LIMIT": "1", "PROXY_TIMEOUT": "1s", "PROXY_MAX_REQUESTS": "10", "MAX_STREAMS_PER_SESSION": "1", "MAX_STREAMS_PER_USER": "1", "MAX_STREAMS": "1", "WEB_DIR": "../../bff/spa", "WEB_DEV_URL": "http://localhost:5173",
		"LOG_FORMAT": "json", "LOG_LEVEL": "debug", "MAX_REQUESTS_PER_CALLER": "10",
	}
	read := func(env Environment) Settings {
		c := *mustLoad(t, ForServe, env)
		c.AsGiven = nil // what is only shown
		return c
	}
	for _, s := range ForServe.settings() {
		base := Environment{}
		if s.name == "JWKS_URL" {
			base["JWT_ALGORITHM"] = "EdDSA"
		}
		if other[s.name] == "" {
			t.Errorf("%s: this test has no other value for it", s.name)
			continue
		}
		if reflect.DeepEqual(read(base), read(with(base, Environment{s.name: other[s.name]}))) {
			t.Errorf("%s=%s changes nothing", s.name, other[s.name])
		}
	}
}
