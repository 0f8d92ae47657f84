package settings

import (
	"slices"
	"strings"
	"testing"
)

func TestUnknownSettingsAreRefused(t *testing.T) {
	for name, cure := range map[string]string{
		// settings of Better Auth
		"BETTER_AUTH_URL": "BASE_URL", "BETTER_AUTH_TRUSTED_ORIGINS": "TRUSTED_ORIGINS", "BETTER_AUTH_SECRETS": "BETTER_AUTH_SECRET", "BETTER_AUTH_TELEMETRY": "unset it",
		"BETTER_AUTH_SECRET_OLD": "unset it", "BETTER_AUTH_URL_FILE": "BASE_URL", "SIGNUP": "SIGN_UP",
		// misspelt
		"TRUSTED_ORIGIN": "TRUSTED_ORIGINS", "TRUSTED_ORGINS": "TRUSTED_ORIGINS", "TRUSTED_ORIGNIS": "TRUSTED_ORIGINS", "TRUSTEDORIGINS": "TRUSTED_ORIGINS", "TRUSTED_PROXY": "TRUSTED_PROXIES",
		"TRUSTED_PROXYS": "TRUSTED_PROXIES", "CORS_API_ORIGIN": "CORS_API_ORIGINS", "SESSION_EXPIRE_IN": "SESSION_EXPIRES_IN", "SESSION_MAXAGE": "SESSION_MAX_AGE", "COOKIE_SAME_SITE": "COOKIE_SAMESITE",
		"PASSWORD_MIN_LENGHT": "PASSWORD_MIN_LENGTH", "PASSWORDS_DENY_COMMON": "PASSWORD_DENY_COMMON", "REQUIRE_EMAIL_VERIFICATON": "REQUIRE_EMAIL_VERIFICATION",
		"PROXY_FORWARD_HEADER_FILE": "PROXY_FORWARD_HEADERS", "PROXY_BODYLIMIT": "PROXY_BODY_LIMIT", "AUDIT_RETENTIONS": "AUDIT_RETENTION", "BETTER_AUTH_SECERT": "BETTER_AUTH_SECRET",
		"VESTIBULE_BASE_URL": "write BASE_URL", "VESTIBULE_SIGN_UP": "write SIGN_UP",
	} {
		t.Run(name, func(t *testing.T) {
			found := loadFaults(t, ForServe, Environment{name: "x"})
			if len(found) != 1 || found[0].Setting != name || !strings.Contains(found[0].Cure, cure) {
				t.Errorf("got %v, want one fault of %s whose cure names %q", found, name, cure)
			}
			if strings.Contains(found.Error(), `"x"`) {
				t.Errorf("got %q, want it without the value, which may be a secret", found)
			}
			if found := loadFaults(t, ForServe, Environment{name: ""}); found != nil {
				t.Errorf("set to nothing: got %v, want no faults", found)
			}
		})
	}
}

func TestVariablesOfOtherProgramsAreIgnored(t *testing.T) {
	env := Environment{}
	for _, name := range []string{
		"PATH", "HOME", "LANG", "USER", "MAIL", "MAILDIR", "TERM", "LOGNAME", "PWD", "SHLVL", "_", "HOSTNAME", "EDITOR", "PAGER", "TZ", "TMPDIR", "DISPLAY",
		"SESSION_MANAGER", "XDG_SESSION_ID", "DBUS_SESSION_BUS_ADDRESS", "SESSION_SECRET", "SESSION_DRIVER", "SESSION_TIMEOUT", "SESSION_COOKIE_AGE", "SESSION_LIFETIME",
		"LOG_DIR", "LOG_LEVELS", "LOG_FILE", "LOG_FORMATS", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GODEBUG", "NODE_ENV", "PORT", "HOST", "CI",
		"DATABASE_URI", "DATABASE_HOST", "DATABASE_PASSWORD", "DATABASE_URL_TEST", "DATABASE_URLS", "PGHOST", "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE",
		"BASE_URI", "BASE_URLS", "BASE_PATH", "API_URL", "API_ADDRESS", "API_ADDRS", "BACKEND_URI", "BACKEND_URLS", "ADMIN_ADDRESS", "ADMIN_EMAIL", "WEB_DIRS", "WEB_URL", "WEB_CONCURRENCY",
		"JWT_SECRET", "JWT_ALGORITHMS", "JWT_EXPIRE_IN", "JWT_AUDIENCES", "JWT_PUBLIC_KEY", "JWKS_URI", "COOKIE_NAMES", "COOKIE_DOMAIN", "COOKIE_SECRET", "PASSWORD", "PASSWORD_FILE", "PASSWORD_MIN",
		"RATE_LIMITS", "RATELIMIT", "SMTP_HOST", "SMTP_URI", "SMTP_PASSWORD_FILE", "MAIL_HOST", "MAIL_FROM_NAME", "SIGNUPS_ALLOWED", "MIGRATES", "MIGRATIONS", "PROXY_URL", "PROXY_TIMEOUTS",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "CORS_ORIGINS", "ALLOWED_ORIGINS", "CORS_ALLOWED_ORIGINS", "TRUSTED_HOSTS", "TRUSTED_CA", "EXPOSE_TOKENS", "ROUTE", "ROUTES_PORT", "ROUTER",
		"NEXT_PUBLIC_BETTER_AUTH_URL", "VITE_BETTER_AUTH_URL", "BETTERSTACK_TOKEN", "OTEL_LOGS_EXPORTER", "OTEL_BSP_MAX_QUEUE_SIZE",
		// Kubernetes and Docker set these for a service named vestibule
		"VESTIBULE_SERVICE_HOST", "VESTIBULE_SERVICE_PORT", "VESTIBULE_PORT", "VESTIBULE_PORT_3000_TCP", "VESTIBULE_PORT_3000_TCP_ADDR", "VESTIBULE_NAME", "KUBERNETES_SERVICE_HOST",
	} {
		env[name] = "x"
	}
	for _, by := range []Side{ForServe, ForBFF, ForAPI, ForMigrate, ForData, ForPassword, ForToken} {
		if found := loadFaults(t, by, with(env, Environment{"BETTER_AUTH_SECRET": goodSecret})); found != nil {
			t.Errorf("side %b: got %v, want no faults", by, found)
		}
	}
}

// A setting of another command is allowed. A misspelt name is allowed if the correct
// name is set too: then another program probably reads it.
func TestCommandsCanShareOneSettingsFile(t *testing.T) {
	all := Environment{}
	for _, g := range schema {
		for _, s := range g.settings {
			all[s.name] = s.value
		}
	}
	all = with(all, Environment{"SIGN_UP": "off", "CORS_API_ORIGINS": "https://a.example", "ADMIN_ADDR": "", "BACKEND_URL": "", "MAIL_DIR": ""})
	for _, by := range []Side{ForServe, ForBFF, ForAPI, ForMigrate, ForData, ForPassword, ForToken} {
		if found := loadFaults(t, by, all); found != nil {
			t.Errorf("side %b: got %v, want no faults", by, found)
		}
	}
	both := Environment{"TRUSTED_ORIGINS": "https://a.example", "TRUSTED_ORIGIN": "https://b.example"}
	if found := loadFaults(t, ForServe, both); found != nil {
		t.Errorf("beside the right name: got %v, want no faults", found)
	}
	if found := loadFaults(t, ForData, Environment{"FORWARD_AUTH_ADDR": ":1", "BETTER_AUTH_URL": "x", "TRUSTED_ORIGIN": "x"}); found != nil {
		t.Errorf("a command that starts nothing: got %v, want no faults", found)
	}
	if found := loadFaults(t, ForPassword, Environment{"PASSWORD_MIN_LENGHT": "15"}); len(found) != 1 {
		t.Errorf("a command that reads the right name: got %v, want one fault", found)
	}
	if _, err := Load(ForServe, map[string]string{"trusted-origins": "https://a.example"}, Environment{"TRUSTED_ORIGIN": "x"}); err != nil {
		t.Errorf("beside the right flag: got %v", err)
	}
}

// If two settings differed by one typing error, the cure could name the wrong one.
func TestNoTwoSettingsDifferByOneTypo(t *testing.T) {
	names := allNames()
	var long []string
	for name := range names {
		if len(name) >= minTypoLength {
			long = append(long, name)
		}
	}
	slices.Sort(long)
	for i, a := range long {
		for _, b := range long[:i] {
			if oneTypo(a, b) || sameWords(a, b) {
				t.Errorf("%s and %s differ by one typing error", a, b)
			}
		}
	}
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"AB", "AB", true}, {"AB", "BA", true}, {"ABC", "AC", true}, {"ABC", "ABDC", true}, {"ABC", "ADC", true},
		{"ABC", "CBA", false}, {"AB", "", false}, {"A", "", true}, {"AA", "AAA", true}, {"ABAB", "BABA", false}, {"ABCD", "ADCB", false},
	} {
		if got := oneTypo(tt.a, tt.b); got != tt.want || oneTypo(tt.b, tt.a) != tt.want {
			t.Errorf("%q and %q: got %t, want %t", tt.a, tt.b, got, tt.want)
		}
	}
}

func FuzzUnknownVariables(f *testing.F) {
	for _, name := range []string{"TRUSTED_ORIGIN", "ROUTES_FILE", "_FILE", "", "BETTER_AUTH_", "S", "___"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		_, _ = Load(ForServe, nil, Environment{name: "x"})
	})
}
