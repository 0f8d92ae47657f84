package settings

import (
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// goodSecret is a valid secret of 32 bytes. No message may contain it.
const goodSecret = "0123456789-keep-this-to-yourself"

// with returns the variables of e and more. more wins.
func with(e, more Environment) Environment {
	both := maps.Clone(e)
	if both == nil {
		both = Environment{}
	}
	maps.Copy(both, more)
	return both
}

// loadFaults returns the faults that Load finds.
func loadFaults(t *testing.T, by Side, env Environment) Faults {
	t.Helper()
	_, err := Load(by, nil, env)
	if err == nil {
		return nil
	}
	var found Faults
	if !errors.As(err, &found) {
		t.Fatalf("got error %v of another kind, want faults", err)
	}
	return found
}

func mustLoad(t *testing.T, by Side, env Environment) *Settings {
	t.Helper()
	c, err := Load(by, nil, env)
	if err != nil {
		t.Fatalf("got %v, want a configuration", err)
	}
	return c
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	found := loadFaults(t, ForServe, Environment{
		"BASE_URL":            "https://app.example.com/",
		"TRUSTED_ORIGINS":     "*, null, https://a.example/x",
		"BETTER_AUTH_SECRET":  "short",
		"SESSION_EXPIRES_IN":  "soon",
		"PASSWORD_MIN_LENGTH": "3",
	})
	var got []string
	for _, f := range found {
		got = append(got, f.Setting)
	}
	want := []string{"BASE_URL", "TRUSTED_ORIGINS", "TRUSTED_ORIGINS", "TRUSTED_ORIGINS", "BETTER_AUTH_SECRET", "SESSION_EXPIRES_IN", "PASSWORD_MIN_LENGTH"}
	if !slices.Equal(got, want) {
		t.Errorf("got faults in %v, want %v", got, want)
	}
}

func TestNoMessageHoldsASecret(t *testing.T) {
	const password = "hunter2-hunter2"
	dir := t.TempDir()
	file := filepath.Join(dir, "secret")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string]Environment{
		"a short secret":               {"BETTER_AUTH_SECRET": password},
		"a short secret from a file":   {"BETTER_AUTH_SECRET_FILE": file},
		"both variables":               {"BETTER_AUTH_SECRET": password, "BETTER_AUTH_SECRET_FILE": file},
		"a database of another kind":   {"DATABASE_URL": "mysql://root:" + password + "@db/x"},
		"an invalid database URL":      {"DATABASE_URL": "postgres://root:" + password + "%zz@db/x"},
		"a base URL with a password":   {"BASE_URL": "https://root:" + password + "@app.example.com"},
		"an origin with a password":    {"TRUSTED_ORIGINS": "https://root:" + password + "@app.example.com"},
		"a backend with a password":    {"BACKEND_URL": "http://root:" + password + "@api"},
		"a broken backend":             {"BACKEND_URL": "http://root:" + password + "@api:x y"},
		"a JWKS URL with a password":   {"JWT_ALGORITHM": "EdDSA", "JWKS_URL": "http://root:" + password + "@api"},
		"a previous secret repeated":   {"BETTER_AUTH_SECRET": password + password + password, "BETTER_AUTH_SECRET_PREVIOUS": password + password + password},
		"a secret with spaces at ends": {"BETTER_AUTH_SECRET": password + password + password + " "},
	} {
		t.Run(name, func(t *testing.T) {
			found := loadFaults(t, ForServe, env)
			if found == nil {
				t.Fatal("got no faults, want one")
			}
			if strings.Contains(found.Error(), "hunter2") {
				t.Errorf("got %q, want it without the secret", found)
			}
		})
	}
}

func TestPrecedenceOfFlagsVariablesAndFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "level")
	if err := os.WriteFile(file, []byte("error\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		flags map[string]string
		env   Environment
		want  string
	}{
		{"the default", nil, nil, "INFO"},
		{"an empty variable counts as not set", nil, Environment{"LOG_LEVEL": ""}, "INFO"},
		{"a file", nil, Environment{"LOG_LEVEL_FILE": file}, "ERROR"},
		{"an empty variable beside a file", nil, Environment{"LOG_LEVEL": "", "LOG_LEVEL_FILE": file}, "ERROR"},
		{"a variable", nil, Environment{"LOG_LEVEL": "warn"}, "WARN"},
		{"a flag before a variable", map[string]string{"log-level": "debug"}, Environment{"LOG_LEVEL": "warn"}, "DEBUG"},
		{"a flag before a file", map[string]string{"log-level": "debug"}, Environment{"LOG_LEVEL_FILE": file}, "DEBUG"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Load(ForServe, tt.flags, tt.env)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.LogLevel.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFilesWithoutAValueAreRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, path := range map[string]string{
		"a missing file": filepath.Join(dir, "missing"),
		"a folder":       dir,
		"an empty file":  write("empty", ""),
		"only a newline": write("newline", "\n"),
		"a huge file":    write("huge", strings.Repeat("x", maxValueFile+1)),
	} {
		t.Run(name, func(t *testing.T) {
			found := loadFaults(t, ForServe, Environment{"BETTER_AUTH_SECRET_FILE": path})
			if len(found) != 1 || found[0].Setting != "BETTER_AUTH_SECRET_FILE" {
				t.Errorf("got %v, want one fault of BETTER_AUTH_SECRET_FILE", found)
			}
		})
	}
}

func TestOneTrailingNewlineIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	for content, want := range map[string]string{
		goodSecret:          goodSecret,
		goodSecret + "\n":   goodSecret,
		goodSecret + "\r\n": goodSecret,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c := mustLoad(t, ForServe, Environment{"BETTER_AUTH_SECRET_FILE": path})
		if got := string(c.Secret); got != want {
			t.Errorf("%q: got %q, want %q", content, got, want)
		}
	}
}

func TestEachCommandReadsOnlyItsSettings(t *testing.T) {
	// A command ignores mistakes in settings that it does not read.
	if found := loadFaults(t, ForMigrate, Environment{"BASE_URL": "*", "BETTER_AUTH_SECRET": "short"}); found != nil {
		t.Errorf("migrate: got %v, want no faults", found)
	}
	if found := loadFaults(t, ForAPI, Environment{"TRUSTED_ORIGINS": "*", "BACKEND_URL": "x"}); found != nil {
		t.Errorf("api: got %v, want no faults", found)
	}
	if found := loadFaults(t, ForBFF, Environment{"API_ADDR": "x", "JWKS_URL": "x"}); found != nil {
		t.Errorf("bff: got %v, want no faults", found)
	}
	if got := len(ForVersion.settings()); got != 0 {
		t.Errorf("version reads %d settings, want none", got)
	}
}

func TestDefaultsDependOnTheCommand(t *testing.T) {
	if got := mustLoad(t, ForServe, nil).AdminAddr; got != "localhost:9090" {
		t.Errorf("serve: got ADMIN_ADDR %s", got)
	}
	if got := mustLoad(t, ForAPI, nil).AdminAddr; got != "localhost:9091" {
		t.Errorf("api: got ADMIN_ADDR %s", got)
	}
	if c := mustLoad(t, ForServe, nil); c.NetworkAPI || c.BFF.Backend == nil {
		t.Errorf("serve: got networkAPI %v, Backend %v, want the API in the process", c.NetworkAPI, c.BFF.Backend)
	}
	if c := mustLoad(t, ForServe, Environment{"BACKEND_URL": "http://localhost:8000"}); !c.NetworkAPI {
		t.Error("serve with BACKEND_URL: got the API in the process, want the network")
	}
}

func TestDefaultsDependOnOtherSettings(t *testing.T) {
	secret := Environment{"BETTER_AUTH_SECRET": goodSecret}
	t.Run("migrations are applied on SQLite only", func(t *testing.T) {
		if !mustLoad(t, ForServe, secret).Migrate {
			t.Error("SQLite: got migrate false")
		}
		postgres := with(secret, Environment{"DATABASE_URL": "postgres://db/x"})
		if mustLoad(t, ForServe, postgres).Migrate {
			t.Error("PostgreSQL: got migrate true")
		}
		if !mustLoad(t, ForServe, with(postgres, Environment{"MIGRATE": "true"})).Migrate {
			t.Error("PostgreSQL with MIGRATE=true: got migrate false")
		}
		if mustLoad(t, ForServe, with(secret, Environment{"MIGRATE": "false"})).Migrate {
			t.Error("SQLite with MIGRATE=false: got migrate true")
		}
	})
	t.Run("the cookie's prefix follows the scheme", func(t *testing.T) {
		https := with(secret, Environment{"BASE_URL": "https://app.example.com"})
		for name, want := range map[string]string{
			"sid": "__Host-sid", "__Host-sid": "__Host-sid", "__Secure-sid": "__Secure-sid",
		} {
			if got := mustLoad(t, ForServe, with(https, Environment{"COOKIE_NAME": name})).BFF.CookieName; got != want {
				t.Errorf("https, %s: got %s, want %s", name, got, want)
			}
		}
		if got := mustLoad(t, ForServe, secret).BFF.CookieName; got != "better-auth.session_token" {
			t.Errorf("http: got %s", got)
		}
	})
	t.Run("the API finds the keys at the BFF", func(t *testing.T) {
		env := Environment{"JWT_ALGORITHM": "EdDSA", "BASE_URL": "https://app.example.com"}
		c := mustLoad(t, ForAPI, env)
		if got, want := c.API.JWKSURL, "https://app.example.com/api/auth/jwks"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if c.NetworkJWKS {
			t.Error("got networkJWKS true, want false")
		}
		c = mustLoad(t, ForAPI, with(env, Environment{"JWKS_URL": "https://bff/jwks"}))
		if c.API.JWKSURL != "https://bff/jwks" || !c.NetworkJWKS {
			t.Errorf("got %s and networkJWKS %v, want the setting", c.API.JWKSURL, c.NetworkJWKS)
		}
	})
}

func TestASecretIsCreatedOnlyForLocalUse(t *testing.T) {
	tests := []struct {
		name string
		by   Side
		env  Environment
		want string // the file; "" is refused
	}{
		{"serve on SQLite and loopback", ForServe, nil, "data/better-auth-secret"},
		{"api on SQLite and loopback", ForAPI, Environment{"DATABASE_URL": "sqlite:/var/lib/x/y.db"}, "/var/lib/x/better-auth-secret"},
		{"another loopback name", ForBFF, Environment{"BASE_URL": "http://app.localhost:3000"}, "data/better-auth-secret"},
		{"an address of loopback", ForBFF, Environment{"BASE_URL": "http://127.0.0.5:3000"}, "data/better-auth-secret"},
		{"https", ForServe, Environment{"BASE_URL": "https://localhost:3000"}, ""},
		{"another host", ForServe, Environment{"BASE_URL": "http://app.example.com"}, ""},
		{"a host that looks local", ForServe, Environment{"BASE_URL": "http://localhost.example.com"}, ""},
		{"PostgreSQL", ForServe, Environment{"DATABASE_URL": "postgres://db/x"}, ""},
		{"api with https", ForAPI, Environment{"BASE_URL": "https://app.example.com"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want != "" {
				if got := mustLoad(t, tt.by, tt.env).SecretFile; got != tt.want {
					t.Errorf("got secret file %q, want %q", got, tt.want)
				}
				if got := mustLoad(t, tt.by, with(tt.env, Environment{"BETTER_AUTH_SECRET": goodSecret})).SecretFile; got != "" {
					t.Errorf("with a secret: got secret file %q, want none", got)
				}
				return
			}
			found := loadFaults(t, tt.by, tt.env)
			if len(found) != 1 || found[0].Setting != "BETTER_AUTH_SECRET" || !strings.Contains(found[0].Error(), secretCommand) {
				t.Errorf("got %v, want one fault of BETTER_AUTH_SECRET that names %q", found, secretCommand)
			}
		})
	}
}

func TestAnAPIWithPublicKeysNeedsNoSecret(t *testing.T) {
	c := mustLoad(t, ForAPI, Environment{"JWT_ALGORITHM": "EdDSA", "BASE_URL": "https://app.example.com"})
	if c.Secret != nil || c.SecretFile != "" {
		t.Errorf("got a secret (file %q), want none", c.SecretFile)
	}
}

// By default a separate API fetches keys from BASE_URL, so the rule for JWKS_URL applies
// to BASE_URL too. vestibule serve does not send keys over a network.
func TestKeysAreNotFetchedUnencrypted(t *testing.T) {
	for _, tt := range []struct {
		name string
		by   Side
		env  Environment
		bad  bool
	}{
		{"api, from another machine", ForAPI, Environment{"BASE_URL": "http://bff.internal:3000"}, true},
		{"api, from this machine", ForAPI, Environment{"BASE_URL": "http://localhost:3000"}, false},
		{"api, over https", ForAPI, Environment{"BASE_URL": "https://app.example.com"}, false},
		{"api, from elsewhere", ForAPI, Environment{"BASE_URL": "http://bff.internal:3000", "JWKS_URL": "https://app.example.com/api/auth/jwks"}, false},
		{"api with a shared secret", ForAPI, Environment{"BASE_URL": "http://bff.internal:3000", "JWT_ALGORITHM": "HS256"}, false},
		{"serve", ForServe, Environment{"BASE_URL": "http://bff.internal:3000"}, false},
		{"serve, over the network", ForServe, Environment{"BASE_URL": "http://bff.internal:3000", "JWKS_URL": "http://bff.internal:3000/api/auth/jwks"}, true},
	} {
		found := loadFaults(t, tt.by, with(Environment{"JWT_ALGORITHM": "EdDSA", "BETTER_AUTH_SECRET": goodSecret}, tt.env))
		if bad := len(found) == 1 && found[0].Setting == "JWKS_URL" && strings.Contains(found[0].Cure, "https"); bad != tt.bad || !tt.bad && found != nil {
			t.Errorf("%s: got %v, want a fault of JWKS_URL: %t", tt.name, found, tt.bad)
		}
	}
}

// The message has the reason but not the secret.
func TestWeakSecretsAreRefusedWithTheReason(t *testing.T) {
	for secret, want := range map[string]string{
		strings.Repeat("s", 40):            "repeats one character",
		"change-me-change-me-change-me-ch": "repeats a short text",
		"abcdeabdceabecdabcdebacdeabcedba": "has only 5 different characters",
		publishedSecrets[0]:                "is a published example",
	} {
		found := loadFaults(t, ForServe, Environment{"BETTER_AUTH_SECRET": secret})
		if len(found) != 1 || !strings.HasPrefix(found[0].Problem, want) || found[0].Cure != "create one with: "+secretCommand || strings.Contains(found.Error(), secret[:8]) {
			t.Errorf("got %v, want one fault that says %q", found, want)
		}
	}
}

func TestValuesReachTheConfiguration(t *testing.T) {
	c := mustLoad(t, ForServe, Environment{
		"BASE_URL": "https://app.example.com", "BETTER_AUTH_SECRET": goodSecret, "BACKEND_URL": "http://api:8000/base/",
		"TRUSTED_ORIGINS": "https://a.example, https://b.example", "TRUSTED_PROXIES": "192.0.2.7,10.0.0.0/8",
		"SESSION_EXPIRES_IN": "48h", "SESSION_UPDATE_AGE": "1h", "SESSION_MAX_AGE": "96h", "COOKIE_SAMESITE": "none",
		"JWT_ALGORITHM": "ES256", "JWT_ISSUER": "us", "JWT_AUDIENCE": "them", "JWT_EXPIRES_IN": "90s",
		"PASSWORD_MIN_LENGTH": "12", "PROXY_FORWARD_HEADERS": "X-A,X-B", "PROXY_BODY_LIMIT": "1GB", "PROXY_TIMEOUT": "5s",
		"MAX_STREAMS_PER_SESSION": "3", "MAX_STREAMS_PER_USER": "5", "MAX_STREAMS": "7",
	})
	got := []any{
		c.BFF.BaseURL.String(), c.BFF.Backend.String(), c.BFF.TrustedOrigins, c.BFF.TrustedProxies[0].String(), c.BFF.SessionExpiresIn,
		c.BFF.SessionUpdateAge, c.BFF.SessionMaxAge, c.BFF.CookieSameSite, c.BFF.JWTExpiresIn, c.BFF.PasswordMinLength,
		c.BFF.ProxyForwardHeaders, c.BFF.ProxyBodyLimit, c.BFF.ProxyTimeout, c.API.Algorithm, c.API.Issuer, c.API.Audience, c.API.TrustedProxies[1].String(),
		c.BFF.MaxStreamsPerSession, c.BFF.MaxStreamsPerUser, c.BFF.MaxStreams, c.API.MaxStreamsPerUser, c.API.MaxStreams,
	}
	want := []any{
		"https://app.example.com", "http://api:8000/base", []string{"https://a.example", "https://b.example"}, "192.0.2.7/32", 48 * time.Hour,
		time.Hour, 96 * time.Hour, http.SameSiteNoneMode, 90 * time.Second, 12,
		[]string{"X-A", "X-B"}, int64(1e9), 5 * time.Second, "ES256", "us", "them", "10.0.0.0/8",
		3, 5, 7, 5, 7,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
