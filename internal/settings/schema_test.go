package settings

import (
	"reflect"
	"strings"
	"testing"

	"vestibule/internal/tracing"
)

func TestEverySettingRefusesBadValuesByName(t *testing.T) {
	https := Environment{"BASE_URL": "https://app.example.com", "BETTER_AUTH_SECRET": goodSecret}
	tests := []struct {
		setting string
		base    Environment // what else is set
		bad     []string
	}{
		{"BASE_URL", nil, []string{
			"localhost:3000", "ftp://x", "https://", "https:///path", "http:x", "//app.example.com", "https://app.example.com/",
			"https://app.example.com/path", "https://app.example.com?x", "https://app.example.com?", "https://app.example.com#",
			"https://app.example.com#x", "https://user:pw@app.example.com", "https://App.example.com", "HTTPS://app.example.com",
			"https://app.example.com.", "https://app.example.com:443", "http://app.example.com:80", "https://app.example.com:",
			"https://app.example.com:0", "https://app.example.com:65536", "https://app.example.com:0443", "https://app.example.com:x",
			"https://bücher.example", "https://a..b", "https://a b", "https://[::1", "https://[0:0::1]", "https://[fe80::1%25eth0]",
			"https://[::ffff:127.0.0.1]", "https://127.1", "https://1.2.3", "https://0x7f000001", "https://256.0.0.1", "*", "null", "https://*.example.com",
			" https://app.example.com", "https://app.example.com\n", "https://a,b", `https://a\b`,
		}},
		{"BFF_ADDR", nil, []string{"3000", "localhost", "localhost:", "localhost:http", "localhost:65536", "localhost:-1", "localhost:03000", "http://localhost:3000", "::1:3000", "*:3000", "a b:3000"}},
		{"API_ADDR", nil, []string{"8000", "localhost:3000", ":3000"}}, // the last two are BFF_ADDR's
		{"ADMIN_ADDR", nil, []string{"9090", "localhost:8000"}},
		{"FORWARD_AUTH_ADDR", nil, []string{"9100", "localhost", "http://localhost:9100", "localhost:9100/verify", "on", "localhost:3000", ":8000", "localhost:9090"}}, // the last three are of others
		{"DRAIN_DELAY", nil, []string{"5", "-1s", "11m", "soon"}},
		{"KEEP_ALIVE_TIMEOUT", nil, []string{"0", "4s", "61m", "600"}},
		{"BACKEND_URL", nil, []string{
			"localhost:8000", "ftp://x", "http://", "http://u:p@x", "http://x?q", "http://x?", "http://x#", "http://x:", "http://x:99999",
			"http://x/a/../b", "http://x//", "http://x/a%2Fb", "http://a b", "http://localhost:3000", "http://localhost:3000/",
		}},
		{"TRUSTED_ORIGINS", nil, []string{
			"*", "null", "https://*.example.com", "https://a.example/", "https://a.example/path", "https://A.example", "https://a.example:443",
			"http://a.example:80", "a.example", "https://a.example,https://a.example", "https://a.example,", ",", "http://localhost:3000",
			"https://a.example https://b.example",
		}},
		{"CORS_API_ORIGINS", nil, []string{"*", "null", "https://*.example.com", "https://a.example/path", "https://a.example/", "a.example", "https://a.example,https://a.example"}},
		{"TRUSTED_PROXIES", nil, []string{"10.0.0.0/33", "10.0.0.5/8", "0.0.0.0/0", "::/0", "proxy.internal", "10.0.0.0/8,", "::ffff:10.0.0.0/104", "::ffff:10.0.0.1", "fe80::1%eth0", "*"}},
		{"MAX_CONNECTIONS", nil, []string{"0", "99", "-1", "1000001", "10k", "1e4"}},
		{"MAX_CONNECTIONS_PER_ADDRESS", Environment{"MAX_CONNECTIONS": "200"}, []string{"0", "9", "1000001", "201", "half"}},
		{"DATABASE_URL", nil, []string{"mysql://x", "data/vestibule.db", "sqlite:", "sqlite://data/x.db", "sqlite:data/", "sqlite::memory:", "sqlite:file:x.db", "sqlite:x.db?mode=ro", "sqlite:~/x.db", "sqlite:~", "sqlite:~ada/x.db", "sqlite:$HOME/x.db", "sqlite:/var/${NAME}/x.db", "sqlite:$(pwd)/x.db", "postgres://u:%zz@h/d", "postgres://u:a#b@h/d", "postgres://a:x,b:1/d", "postgres://a,b:70000/d", "postgres://h/d?gssencmode=require", "postgres://h/d?target_session_attrs=standby", "postgres:h/d"}},
		{"DATABASE_LISTEN_URL", Environment{"DATABASE_URL": "postgres://h/d", "BETTER_AUTH_SECRET": goodSecret}, []string{"sqlite:x.db", "mysql://x", "postgres://u:%zz@h/d", "h:5432"}},
		{"DATABASE_LISTEN_URL", nil, []string{"postgres://h/d"}}, // on SQLite
		{"DATABASE_MAX_CONNS", Environment{"DATABASE_URL": "postgres://h/d", "BETTER_AUTH_SECRET": goodSecret}, []string{"0", "7", "-1", "1001", "20.5", "many"}},
		{"MIGRATE", nil, []string{"yes", "1", "TRUE"}},
		{"BETTER_AUTH_SECRET", nil, []string{"short", goodSecret[:31], goodSecret + " ", goodSecret + "\n", "<generate-with-openssl-rand-hex-32>",
			strings.Repeat("s", 32), strings.Repeat("ab", 16), strings.Repeat("0123456789", 4), "0123456789abcdef0123456789abcdef", "change-me-change-me-change-me-cha", strings.Repeat("ü", 16),
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "abcdeabdceabecdabcdebacdeabcedba", publishedSecrets[0], publishedSecrets[1]}},
		{"BETTER_AUTH_SECRET_PREVIOUS", Environment{"BETTER_AUTH_SECRET": goodSecret}, []string{
			"short", goodSecret, strings.Repeat("s", 32), strings.ToUpper(goodSecret) + "," + goodSecret, strings.ToUpper(goodSecret) + ", " + goodSecret,
			strings.ToUpper(goodSecret) + "\n" + goodSecret, "aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBsb25nIHNlY3JldA==,aGVsbG8gd29ybGQsIHRoaXMgaXMgYW4gb2xkZXIgc2VjcmV0",
		}},
		{"SESSION_EXPIRES_IN", nil, []string{"168", "7d", "0s", "-1h", "500ms", "1500ms", "9601h", "999999999999h"}},
		{"SESSION_UPDATE_AGE", nil, []string{"168h", "200h", "-1s", "1.5s", "day"}},
		{"SESSION_MAX_AGE", nil, []string{"167h", "0s", "99999h", "720"}},
		{"SESSIONS_PER_USER", nil, []string{"0", "1001", "-1", "many"}},
		{"TASKS_PER_USER", nil, []string{"-1", "10000000001", "1e5", "none"}},
		{"COOKIE_SAMESITE", nil, []string{"Lax", "any", "none"}},
		{"COOKIE_NAME", nil, []string{"a b", "a=b", "a;b", "naïve", "__Host-x", "__Secure-x", strings.Repeat("a", 129)}},
		{"COOKIE_NAME", https, []string{"__host-x", "__Host-", "__SECURE-x", "__Secure-"}},
		{"PASSWORD_MIN_LENGTH", nil, []string{"7", "129", "eight", "8.0"}},
		{"PASSWORD_DENY_COMMON", nil, []string{"off", "0", "False"}},
		{"SIGN_UP", nil, []string{"false", "closed", "OFF"}},
		{"REQUIRE_EMAIL_VERIFICATION", nil, []string{"yes", "1", "on"}},
		{"EXPOSE_TOKEN", nil, []string{"yes", "1", "on"}},
		{"PPROF", nil, []string{"yes", "localhost:6060"}},
		{"RATE_LIMIT", nil, []string{"false", "OFF", "0"}},
		{"RATE_LIMIT", https, []string{"off"}},
		{"SMTP_URL", nil, []string{"mail.example.com", "http://mail.example.com", "smtp://", "smtp://host/path", "smtp://host:0", "smtp://host:70000", "smtp://user@host", "smtp://:pw@host", "smtp://host?tls=maybe", "smtp://host?x=y", "smtps://host?tls=off", "smtp://u:p@mail.example.com?tls=off", "smtp://u:%zz@host", "smtp://host#x", "smtp://u:p@host:465", "smtps://u:p@host:587"}},
		{"MAIL_FROM", nil, []string{"nobody", "a@b, c@d", "a@b\nBcc: c@d", "<>"}},
		{"MAIL_DIR", nil, []string{"a\x00b", "~/mail", "$HOME/mail", "${XDG_DATA_HOME}/mail"}},
		{"MAIL_DIR", Environment{"SMTP_URL": "smtp://localhost"}, []string{"data/mail"}},
		{"AUDIT_RETENTION", nil, []string{"90", "90d", "59m", "-1h", "999999h"}},
		{"JWT_ALGORITHM", nil, []string{"none", "hs256", "RS256"}},
		{"JWT_ISSUER", nil, []string{" x", "x\ty", strings.Repeat("a", 256)}},
		{"JWT_AUDIENCE", nil, []string{"x ", "x\x00y"}},
		{"APP_NAME", nil, []string{" x", "x\ny", strings.Repeat("ä", 41)}},
		{"JWT_TYPE", nil, []string{"jwt", "application/at+jwt", "JWT ", "id+jwt"}},
		{"JWT_EXPIRES_IN", nil, []string{"29s", "61m", "300"}},
		{"JWT_KEY_ROTATION", nil, []string{"59m", "0s", "-1h", "30d", "720", "off", "87601h"}},
		{"JWKS_URL", Environment{"JWT_ALGORITHM": "EdDSA"}, []string{"http://bff:3000/api/auth/jwks", "http://192.0.2.7/x", "http://localhost.example.com/x", "http://127.0.0.1.example.com/x", "jwks.json", "file:///x", "http://u:p@h/x", "https://h/x#y"}},
		{"JWKS_URL", nil, []string{"http://localhost:3000/api/auth/jwks"}}, // HS256 does not use it
		{"JWT_ISSUERS", nil, badIssuers()},
		{"MAX_REQUESTS_PER_CALLER", nil, []string{"0", "-1", "many", "1000001"}},
		{"PROXY_FORWARD_HEADERS", nil, []string{"X-A,", "X A", "X-Ä", "X:A", "*", "X-*", "X*", "My-*", "X-My-*-Id", "X-My-**", "X-F*", "X-Forwarded-*", "X-My_*", strings.Repeat("X-B*,", 20) + "X-B*"}},
		{"PROXY_BODY_LIMIT", nil, []string{"-1", "10 MiB", "10M", "10mib", "1.5GB", "MiB", "9223372036854775808", "9223372036854775807KiB", "+1"}},
		{"PROXY_MAX_REQUESTS", nil, []string{"0", "9", "-1", "1k", "1000001"}},
		{"SESSION_FRESH_AGE", nil, []string{"0s", "-1m", "10", "soon"}},
		{"PROXY_TIMEOUT", nil, []string{"0s", "30", "2h"}},
		{"PROXY_TRANSPORT", nil, []string{"Direct", "http", "on"}},
		{"ROUTES", nil, []string{"x", "null", "{}", "[]", "[", `[{"path":"/api/x/"}] x`, `[{"path":"/x/"}]`, `[{"path":"/api/x/","upstream":"http://localhost:3000/","audience":"x"}]`, `[{"path":"/api/x/","audience":"not JWT_AUDIENCE"}]`}},
		{"MAX_STREAMS_PER_SESSION", nil, []string{"0", "-1", "many", "1e3"}},
		{"MAX_STREAMS_PER_USER", nil, []string{"0", "1000001", "32.0"}},
		{"MAX_STREAMS_PER_USER", Environment{"MAX_STREAMS": "20"}, []string{"21", "32"}},
		{"MAX_STREAMS", nil, []string{"0", "10_000", "10 000", "9999999999999999999999"}},
		{"WEB_DIR", nil, []string{"/nowhere/dist", "schema_test.go", "testdata", "a\x00b", "~/dist", "$HOME/dist"}},
		{"WEB_DEV_URL", nil, []string{"5173", "ws://localhost:5173", "http://localhost:5173/app", "http://localhost:5173?x", "http://localhost:3000"}},
		{"WEB_DEV_URL", https, []string{"http://localhost:5173"}},
		{"LOG_FORMAT", nil, []string{"logfmt", "JSON"}},
		{"LOG_LEVEL", nil, []string{"trace", "INFO"}},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", nil, []string{"localhost:4318", "grpc://localhost:4317", "http://u:p@localhost:4318", "http://localhost:4318?x"}},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", nil, []string{"localhost:4318/v1/traces", "unix:/run/collector"}},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", Environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}, []string{"grpc", "http/json"}},
		{"OTEL_EXPORTER_OTLP_HEADERS", nil, []string{"key", "a b=c", "=v", "key=%zz", "key=a%0Ab", "a=1,", "naïve=x"}},
		{"OTEL_EXPORTER_OTLP_TRACES_HEADERS", nil, []string{"key", "=v", "key=%zz"}},
		{"OTEL_TRACES_EXPORTER", nil, []string{"console", "otlp,console", "NONE"}},
		{"OTEL_SERVICE_NAME", nil, []string{" x", "a\x00b"}},
		{"OTEL_RESOURCE_ATTRIBUTES", nil, []string{"team", "=x", "team=%zz", "a=1,,b=2"}},
		{"OTEL_TRACES_SAMPLER", nil, []string{"ratio", "jaeger_remote", "ALWAYS_ON"}},
		{"OTEL_TRACES_SAMPLER_ARG", nil, []string{"-0.1", "1.1", "10%", "NaN"}},
		{"OTEL_SDK_DISABLED", nil, []string{"yes", "1"}},
	}
	checked := map[string]bool{}
	for _, tt := range tests {
		checked[tt.setting] = true
		for _, bad := range tt.bad {
			t.Run(tt.setting+"="+bad, func(t *testing.T) {
				if already := loadFaults(t, ForServe, tt.base); already != nil {
					t.Fatalf("got faults without the bad value: %v", already)
				}
				found := loadFaults(t, ForServe, with(tt.base, Environment{tt.setting: bad}))
				if len(found) != 1 {
					t.Fatalf("got %d faults, want 1: %v", len(found), found)
				}
				line := found[0].Error()
				if found[0].Setting != tt.setting || !strings.HasPrefix(line, tt.setting+found[0].Place+" ") {
					t.Errorf("got %q, want a line that begins with %s", line, tt.setting)
				}
				if found[0].Problem == "" || found[0].Cure == "" || strings.ContainsAny(line, "\n\r\x00") {
					t.Errorf("got %q, want a problem and a cure in one line", line)
				}
			})
		}
	}
	for _, s := range ForServe.settings() {
		if !checked[s.name] {
			t.Errorf("no bad value of %s is tested", s.name)
		}
	}
}

// goodValues returns valid values of each setting. At least one of them changes the
// default behaviour.
func goodValues() []goodValue {
	https := Environment{"BASE_URL": "https://app.example.com", "BETTER_AUTH_SECRET": goodSecret}
	return []goodValue{
		{"BASE_URL", Environment{"BETTER_AUTH_SECRET": goodSecret}, []string{"https://app.example.com", "https://app.example.com:8443", "http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:3000", "https://xn--bcher-kva.example", "http://vestibule_bff:3000"}},
		{"BFF_ADDR", nil, []string{":3000", "0.0.0.0:3000", "[::1]:3000", "localhost:0", "example.internal:80"}},
		{"API_ADDR", Environment{"BFF_ADDR": ":0"}, []string{":0"}},
		{"FORWARD_AUTH_ADDR", nil, []string{"localhost:9100", "127.0.0.1:0", "10.0.0.11:9100", "[::1]:9100", ":9100"}},
		{"DRAIN_DELAY", nil, []string{"0", "0s", "5s", "10m"}},
		{"KEEP_ALIVE_TIMEOUT", nil, []string{"5s", "620s", "1h"}},
		{"BACKEND_URL", nil, []string{"http://localhost:8000", "http://localhost:8000/", "https://api.internal/base", "http://[::1]:8000"}},
		{"TRUSTED_ORIGINS", nil, []string{"http://localhost:5173", "https://a.example, https://b.example:8443"}},
		{"CORS_API_ORIGINS", nil, []string{"http://localhost:5173", "https://a.example, https://b.example:8443", "http://localhost:3000"}},
		{"TRUSTED_PROXIES", nil, []string{"10.0.0.0/8", "192.0.2.7,2001:db8::/32", "::1"}},
		{"MAX_CONNECTIONS", nil, []string{"100", "20000", "1000000"}},
		{"MAX_CONNECTIONS_PER_ADDRESS", Environment{"MAX_CONNECTIONS": "200"}, []string{"10", "200"}},
		{"DATABASE_URL", Environment{"BETTER_AUTH_SECRET": goodSecret}, []string{"sqlite:x.db", "sqlite:/var/lib/x.db", "sqlite:./data/x.db", "sqlite:./~/x.db", "sqlite:x~1/a$.db", "postgres://u:p@h:5432/d?sslmode=disable", "postgresql://h/d", "postgres://a:5432,b:5433/d?target_session_attrs=read-write", "postgres://u:p@%2Frun%2Fpostgresql/d", "postgres://h/d?channel_binding=require&sslmode=require", "postgres://h/d?schema=public&pgbouncer=true"}},
		{"DATABASE_MAX_CONNS", Environment{"DATABASE_URL": "postgres://h/d", "BETTER_AUTH_SECRET": goodSecret}, []string{"8", "18", "1000"}},
		{"DATABASE_LISTEN_URL", Environment{"DATABASE_URL": "postgres://pooler:6432/d", "BETTER_AUTH_SECRET": goodSecret}, []string{"postgres://u:p@h:5432/d?sslmode=disable"}},
		{"MIGRATE", nil, []string{"true", "false"}},
		{"BETTER_AUTH_SECRET", nil, []string{goodSecret, "7f9c8e3a2b1d4f6e8c9a0b2d3e4f5a6b", "31415926535897932384626433832795", "äöüß-äöüß-ßöäü-öäüß", "spaces are fine in the middle of it"}},
		{"BETTER_AUTH_SECRET_PREVIOUS", Environment{"BETTER_AUTH_SECRET": goodSecret}, []string{
			"7f9c8e3a2b1d4f6e8c9a0b2d3e4f5a6b", "aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBsb25nIHNlY3JldA==", "commas, spaces, and so on are fine in an invented one",
			"one,that,a,password,manager,made", strings.ToUpper(goodSecret) + ",!?" + goodSecret, strings.ToUpper(goodSecret) + ",",
		}},
		// With public keys, a previous secret only decrypts older signing keys.
		{"BETTER_AUTH_SECRET_PREVIOUS", Environment{"BETTER_AUTH_SECRET": goodSecret, "JWT_ALGORITHM": "EdDSA"}, []string{strings.Repeat("s", 32)}},
		{"SESSION_FRESH_AGE", nil, []string{"1s", "10m", "24h"}},
		{"SESSION_UPDATE_AGE", nil, []string{"0s", "0", "167h59m59s"}},
		{"SESSION_EXPIRES_IN", Environment{"SESSION_UPDATE_AGE": "0s"}, []string{"1s", "720h"}},
		{"SESSIONS_PER_USER", nil, []string{"1", "100", "1000"}},
		{"TASKS_PER_USER", nil, []string{"0", "1", "1000000"}},
		{"COOKIE_SAMESITE", https, []string{"lax", "strict", "none"}},
		{"COOKIE_NAME", https, []string{"sid", "__Host-sid", "__Secure-better-auth.session_token"}},
		{"PASSWORD_MIN_LENGTH", nil, []string{"8", "15", "128"}},
		{"MAX_STREAMS_PER_SESSION", nil, []string{"1", "1000000"}},
		{"MAX_STREAMS_PER_USER", nil, []string{"1", "32"}},
		{"MAX_STREAMS_PER_USER", Environment{"MAX_STREAMS": "20"}, []string{"20"}},
		{"MAX_STREAMS", nil, []string{"1", "10000"}},
		{"PASSWORD_DENY_COMMON", nil, []string{"true", "false"}},
		{"SIGN_UP", nil, []string{"on", "off"}},
		{"REQUIRE_EMAIL_VERIFICATION", nil, []string{"true", "false"}},
		{"EXPOSE_TOKEN", nil, []string{"true", "false"}},
		{"PPROF", nil, []string{"true", "false"}},
		{"RATE_LIMIT", nil, []string{"on", "off"}},
		{"RATE_LIMIT", https, []string{"on"}},
		{"SMTP_URL", nil, []string{"smtp://localhost:1025", "smtp://u:p%23w@mail.example.com", "smtps://u:p@mail.example.com:465/", "smtp://mailpit:1025?tls=off", "smtp://u:p@127.0.0.1?tls=off"}},
		{"MAIL_FROM", nil, []string{"app@example.com", "Our App <app@example.com>", `"Größe" <a@b.example>`}},
		{"MAIL_DIR", nil, []string{"/var/spool/vestibule", "mail/"}},
		{"AUDIT_RETENTION", nil, []string{"0", "1h", "8760h"}},
		{"JWT_ALGORITHM", nil, []string{"HS256", "EdDSA", "ES256"}},
		{"JWKS_URL", Environment{"JWT_ALGORITHM": "ES256"}, []string{"https://bff.internal/api/auth/jwks?v=1", "http://localhost:3000/jwks", "http://127.0.0.5/jwks", "http://[::1]:3000/jwks", "http://bff.localhost/jwks"}},
		{"JWT_ISSUERS", nil, goodIssuers()},
		{"MAX_REQUESTS_PER_CALLER", nil, []string{"1", "1000000"}},
		{"PROXY_FORWARD_HEADERS", nil, []string{"X-Tenant", "X-Tenant, X-Feature", "X-My-*", "X-Tenant,x-my-*"}},
		{"LOG_LEVEL", nil, []string{"debug", "info", "warn", "error"}},
		{"LOG_FORMAT", nil, []string{"text", "json"}},
		{"ADMIN_ADDR", nil, []string{"localhost:3"}},
		{"SESSION_MAX_AGE", nil, []string{"700h"}},
		{"JWT_ISSUER", nil, []string{"us"}},
		{"JWT_AUDIENCE", nil, []string{"them"}},
		{"APP_NAME", nil, []string{"Our Tasks", strings.Repeat("ä", 40)}},
		{"JWT_TYPE", nil, []string{"at+jwt", "JWT"}},
		{"JWT_EXPIRES_IN", nil, []string{"1m"}},
		{"JWT_KEY_ROTATION", nil, []string{"0", "1h", "720h"}},
		{"PROXY_BODY_LIMIT", nil, []string{"1"}},
		{"PROXY_TIMEOUT", nil, []string{"1s"}},
		{"PROXY_TRANSPORT", nil, []string{"direct", "standard"}},
		{"ROUTES", nil, []string{`[{"path":"/api/x/"}]`, `[{"path":"/api/x/","upstream":"https://x.internal/","audience":"x"}]`}},
		{"PROXY_MAX_REQUESTS", nil, []string{"10"}},
		{"WEB_DIR", nil, []string{"../../bff/spa"}},
		{"WEB_DEV_URL", nil, []string{"http://localhost:5173"}},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", nil, []string{"http://localhost:4318", "https://collector.internal/base/"}},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", nil, []string{"https://collector.internal/v1/traces"}},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", nil, []string{"http/protobuf", "grpc"}}, // without a collector it is another program's
		{"OTEL_EXPORTER_OTLP_HEADERS", nil, []string{"api-key=x%20y", "a=1, b = 2"}},
		{"OTEL_EXPORTER_OTLP_TRACES_HEADERS", nil, []string{"api-key=x"}},
		{"OTEL_TRACES_EXPORTER", nil, []string{"otlp", "none"}},
		{"OTEL_SERVICE_NAME", nil, []string{"front"}},
		{"OTEL_RESOURCE_ATTRIBUTES", nil, []string{"team=a,deployment.environment.name=test"}},
		{"OTEL_TRACES_SAMPLER", nil, tracing.Samplers()},
		{"OTEL_TRACES_SAMPLER_ARG", nil, []string{"0", "0.25", "1"}},
		{"OTEL_SDK_DISABLED", Environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, []string{"true", "false"}},
	}
}

type goodValue struct {
	setting string
	base    Environment // what else is set
	good    []string
}

func TestEverySettingAcceptsGoodValues(t *testing.T) {
	for _, tt := range goodValues() {
		for _, good := range tt.good {
			t.Run(tt.setting+"="+good, func(t *testing.T) {
				if found := loadFaults(t, ForServe, with(tt.base, Environment{tt.setting: good})); found != nil {
					t.Errorf("got %v, want no faults", found)
				}
			})
		}
	}
}

// Every setting changes the configuration: none is read and then ignored.
func TestEverySettingHasAnEffect(t *testing.T) {
	read := func(env Environment) Settings {
		c := *mustLoad(t, ForServe, env)
		c.AsGiven = nil // is only logged
		return c
	}
	changes := map[string]bool{}
	for _, tt := range goodValues() {
		before := read(tt.base)
		for _, good := range tt.good {
			if !reflect.DeepEqual(before, read(with(tt.base, Environment{tt.setting: good}))) {
				changes[tt.setting] = true
			}
		}
	}
	for _, name := range ForServe.Names() {
		if !changes[name] {
			t.Errorf("no good value of %s changes anything", name)
		}
	}
}
