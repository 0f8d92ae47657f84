package main

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

// goodSecret is 32 bytes that no message may ever hold.
const goodSecret = "0123456789-keep-this-to-yourself"

// with returns e and more.
func (e environment) with(more environment) environment {
	both := maps.Clone(e)
	if both == nil {
		both = environment{}
	}
	maps.Copy(both, more)
	return both
}

// loadFaults returns what load finds wrong.
func loadFaults(t *testing.T, by side, env environment) faults {
	t.Helper()
	_, err := load(by, nil, env)
	if err == nil {
		return nil
	}
	var found faults
	if !errors.As(err, &found) {
		t.Fatalf("got error %v of another kind, want faults", err)
	}
	return found
}

func mustLoad(t *testing.T, by side, env environment) *config {
	t.Helper()
	c, err := load(by, nil, env)
	if err != nil {
		t.Fatalf("got %v, want a configuration", err)
	}
	return c
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	found := loadFaults(t, forServe, environment{
		"BASE_URL":            "https://app.example.com/",
		"TRUSTED_ORIGINS":     "*, null, https://a.example/x",
		"BETTER_AUTH_SECRET":  "short",
		"SESSION_EXPIRES_IN":  "soon",
		"PASSWORD_MIN_LENGTH": "3",
	})
	var got []string
	for _, f := range found {
		got = append(got, f.setting)
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
	for name, env := range map[string]environment{
		"a short secret":               {"BETTER_AUTH_SECRET": password},
		"a short secret from a file":   {"BETTER_AUTH_SECRET_FILE": file},
		"both variables":               {"BETTER_AUTH_SECRET": password, "BETTER_AUTH_SECRET_FILE": file},
		"a database of another kind":   {"DATABASE_URL": "mysql://root:" + password + "@db/x"},
		"a database URL that is none":  {"DATABASE_URL": "postgres://root:" + password + "%zz@db/x"},
		"a base URL with a password":   {"BASE_URL": "https://root:" + password + "@app.example.com"},
		"an origin with a password":    {"TRUSTED_ORIGINS": "https://root:" + password + "@app.example.com"},
		"a backend with a password":    {"BACKEND_URL": "http://root:" + password + "@api"},
		"a broken backend":             {"BACKEND_URL": "http://root:" + password + "@api:x y"},
		"a JWKS URL with a password":   {"JWT_ALGORITHM": "EdDSA", "JWKS_URL": "http://root:" + password + "@api"},
		"a previous secret repeated":   {"BETTER_AUTH_SECRET": password + password + password, "BETTER_AUTH_SECRET_PREVIOUS": password + password + password},
		"a secret with spaces at ends": {"BETTER_AUTH_SECRET": password + password + password + " "},
	} {
		t.Run(name, func(t *testing.T) {
			found := loadFaults(t, forServe, env)
			if found == nil {
				t.Fatal("got no faults, want one")
			}
			if strings.Contains(found.Error(), "hunter2") {
				t.Errorf("got %q, want it without the secret", found)
			}
		})
	}
}

func TestAValueIsTakenFromTheFirstSourceThatHasOne(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "level")
	if err := os.WriteFile(file, []byte("error\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		flags map[string]string
		env   environment
		want  string
	}{
		{"the default", nil, nil, "INFO"},
		{"an empty variable counts as not set", nil, environment{"LOG_LEVEL": ""}, "INFO"},
		{"a file", nil, environment{"LOG_LEVEL_FILE": file}, "ERROR"},
		{"an empty variable beside a file", nil, environment{"LOG_LEVEL": "", "LOG_LEVEL_FILE": file}, "ERROR"},
		{"a variable", nil, environment{"LOG_LEVEL": "warn"}, "WARN"},
		{"a flag before a variable", map[string]string{"log-level": "debug"}, environment{"LOG_LEVEL": "warn"}, "DEBUG"},
		{"a flag before a file", map[string]string{"log-level": "debug"}, environment{"LOG_LEVEL_FILE": file}, "DEBUG"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := load(forServe, tt.flags, tt.env)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.logLevel.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFilesThatHoldNoValueAreRefused(t *testing.T) {
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
			found := loadFaults(t, forServe, environment{"BETTER_AUTH_SECRET_FILE": path})
			if len(found) != 1 || found[0].setting != "BETTER_AUTH_SECRET_FILE" {
				t.Errorf("got %v, want one fault of BETTER_AUTH_SECRET_FILE", found)
			}
		})
	}
}

func TestOneNewlineIsCutFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	for content, want := range map[string]string{
		goodSecret:          goodSecret,
		goodSecret + "\n":   goodSecret,
		goodSecret + "\r\n": goodSecret,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c := mustLoad(t, forServe, environment{"BETTER_AUTH_SECRET_FILE": path})
		if got := string(c.secret); got != want {
			t.Errorf("%q: got %q, want %q", content, got, want)
		}
	}
}

func TestEachCommandReadsOnlyItsOwnSettings(t *testing.T) {
	// What is wrong with a setting of another command is not this one's concern.
	if found := loadFaults(t, forMigrate, environment{"BASE_URL": "*", "BETTER_AUTH_SECRET": "short"}); found != nil {
		t.Errorf("migrate: got %v, want no faults", found)
	}
	if found := loadFaults(t, forAPI, environment{"TRUSTED_ORIGINS": "*", "BACKEND_URL": "x"}); found != nil {
		t.Errorf("api: got %v, want no faults", found)
	}
	if found := loadFaults(t, forBFF, environment{"API_ADDR": "x", "JWKS_URL": "x"}); found != nil {
		t.Errorf("bff: got %v, want no faults", found)
	}
	if got := len(forVersion.settings()); got != 0 {
		t.Errorf("version reads %d settings, want none", got)
	}
}

func TestDefaultsDependOnTheCommand(t *testing.T) {
	if got := mustLoad(t, forServe, nil).adminAddr; got != "localhost:9090" {
		t.Errorf("serve: got ADMIN_ADDR %s", got)
	}
	if got := mustLoad(t, forAPI, nil).adminAddr; got != "localhost:9091" {
		t.Errorf("api: got ADMIN_ADDR %s", got)
	}
	if c := mustLoad(t, forServe, nil); c.networkAPI || c.bff.Backend == nil {
		t.Errorf("serve: got networkAPI %v, Backend %v, want the API in the process", c.networkAPI, c.bff.Backend)
	}
	if c := mustLoad(t, forServe, environment{"BACKEND_URL": "http://localhost:8000"}); !c.networkAPI {
		t.Error("serve with BACKEND_URL: got the API in the process, want the network")
	}
}

func TestDefaultsDependOnOtherSettings(t *testing.T) {
	secret := environment{"BETTER_AUTH_SECRET": goodSecret}
	t.Run("migrations are applied on SQLite only", func(t *testing.T) {
		if !mustLoad(t, forServe, secret).migrate {
			t.Error("SQLite: got migrate false")
		}
		postgres := secret.with(environment{"DATABASE_URL": "postgres://db/x"})
		if mustLoad(t, forServe, postgres).migrate {
			t.Error("PostgreSQL: got migrate true")
		}
		if !mustLoad(t, forServe, postgres.with(environment{"MIGRATE": "true"})).migrate {
			t.Error("PostgreSQL with MIGRATE=true: got migrate false")
		}
		if mustLoad(t, forServe, secret.with(environment{"MIGRATE": "false"})).migrate {
			t.Error("SQLite with MIGRATE=false: got migrate true")
		}
	})
	t.Run("the cookie's prefix follows the scheme", func(t *testing.T) {
		https := secret.with(environment{"BASE_URL": "https://app.example.com"})
		for name, want := range map[string]string{
			"sid": "__Host-sid", "__Host-sid": "__Host-sid", "__Secure-sid": "__Secure-sid",
		} {
			if got := mustLoad(t, forServe, https.with(environment{"COOKIE_NAME": name})).bff.CookieName; got != want {
				t.Errorf("https, %s: got %s, want %s", name, got, want)
			}
		}
		if got := mustLoad(t, forServe, secret).bff.CookieName; got != "better-auth.session_token" {
			t.Errorf("http: got %s", got)
		}
	})
	t.Run("the API finds the keys at the BFF", func(t *testing.T) {
		env := environment{"JWT_ALGORITHM": "EdDSA", "BASE_URL": "https://app.example.com"}
		c := mustLoad(t, forAPI, env)
		if got, want := c.api.JWKSURL, "https://app.example.com/api/auth/jwks"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if c.networkJWKS {
			t.Error("got networkJWKS true, want false")
		}
		c = mustLoad(t, forAPI, env.with(environment{"JWKS_URL": "https://bff/jwks"}))
		if c.api.JWKSURL != "https://bff/jwks" || !c.networkJWKS {
			t.Errorf("got %s and networkJWKS %v, want the setting", c.api.JWKSURL, c.networkJWKS)
		}
	})
}

func TestTheSecretIsMadeUpOnlyForThisMachine(t *testing.T) {
	tests := []struct {
		name string
		by   side
		env  environment
		want string // the file; "" is refused
	}{
		{"serve on SQLite and loopback", forServe, nil, "data/better-auth-secret"},
		{"api on SQLite and loopback", forAPI, environment{"DATABASE_URL": "sqlite:/var/lib/x/y.db"}, "/var/lib/x/better-auth-secret"},
		{"another loopback name", forBFF, environment{"BASE_URL": "http://app.localhost:3000"}, "data/better-auth-secret"},
		{"an address of loopback", forBFF, environment{"BASE_URL": "http://127.0.0.5:3000"}, "data/better-auth-secret"},
		{"https", forServe, environment{"BASE_URL": "https://localhost:3000"}, ""},
		{"another host", forServe, environment{"BASE_URL": "http://app.example.com"}, ""},
		{"a host that looks local", forServe, environment{"BASE_URL": "http://localhost.example.com"}, ""},
		{"PostgreSQL", forServe, environment{"DATABASE_URL": "postgres://db/x"}, ""},
		{"api with https", forAPI, environment{"BASE_URL": "https://app.example.com"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want != "" {
				if got := mustLoad(t, tt.by, tt.env).secretFile; got != tt.want {
					t.Errorf("got secret file %q, want %q", got, tt.want)
				}
				if got := mustLoad(t, tt.by, tt.env.with(environment{"BETTER_AUTH_SECRET": goodSecret})).secretFile; got != "" {
					t.Errorf("with a secret: got secret file %q, want none", got)
				}
				return
			}
			found := loadFaults(t, tt.by, tt.env)
			if len(found) != 1 || found[0].setting != "BETTER_AUTH_SECRET" || !strings.Contains(found[0].Error(), makeSecret) {
				t.Errorf("got %v, want one fault of BETTER_AUTH_SECRET that names %q", found, makeSecret)
			}
		})
	}
}

func TestAnAPIWithPublicKeysNeedsNoSecret(t *testing.T) {
	c := mustLoad(t, forAPI, environment{"JWT_ALGORITHM": "EdDSA", "BASE_URL": "https://app.example.com"})
	if c.secret != nil || c.secretFile != "" {
		t.Errorf("got a secret (file %q), want none", c.secretFile)
	}
}

// TestKeysAreNotFetchedInClear: where the API of its own would take them from BASE_URL,
// that is held to the same as JWKS_URL. In one process they cross no network.
func TestKeysAreNotFetchedInClear(t *testing.T) {
	for _, tt := range []struct {
		name string
		by   side
		env  environment
		bad  bool
	}{
		{"api, from another machine", forAPI, environment{"BASE_URL": "http://bff.internal:3000"}, true},
		{"api, from this machine", forAPI, environment{"BASE_URL": "http://localhost:3000"}, false},
		{"api, over https", forAPI, environment{"BASE_URL": "https://app.example.com"}, false},
		{"api, from elsewhere", forAPI, environment{"BASE_URL": "http://bff.internal:3000", "JWKS_URL": "https://app.example.com/api/auth/jwks"}, false},
		{"api with a shared secret", forAPI, environment{"BASE_URL": "http://bff.internal:3000", "JWT_ALGORITHM": "HS256"}, false},
		{"serve", forServe, environment{"BASE_URL": "http://bff.internal:3000"}, false},
		{"serve, over the network", forServe, environment{"BASE_URL": "http://bff.internal:3000", "JWKS_URL": "http://bff.internal:3000/api/auth/jwks"}, true},
	} {
		found := loadFaults(t, tt.by, environment{"JWT_ALGORITHM": "EdDSA", "BETTER_AUTH_SECRET": goodSecret}.with(tt.env))
		if bad := len(found) == 1 && found[0].setting == "JWKS_URL" && strings.Contains(found[0].cure, "https"); bad != tt.bad || !tt.bad && found != nil {
			t.Errorf("%s: got %v, want a fault of JWKS_URL: %t", tt.name, found, tt.bad)
		}
	}
}

// TestWhatIsWrongWithASecretIsSaid, and not the secret.
func TestWhatIsWrongWithASecretIsSaid(t *testing.T) {
	for secret, want := range map[string]string{
		strings.Repeat("s", 40):            "is one character over and over",
		"change-me-change-me-change-me-ch": "is a short text over and over",
		"abcdeabdceabecdabcdebacdeabcedba": "has only 5 different characters",
		published[0]:                       "is an example that is published",
	} {
		found := loadFaults(t, forServe, environment{"BETTER_AUTH_SECRET": secret})
		if len(found) != 1 || !strings.HasPrefix(found[0].problem, want) || found[0].cure != "make one with: "+makeSecret || strings.Contains(found.Error(), secret[:8]) {
			t.Errorf("got %v, want one fault that says %q", found, want)
		}
	}
}

func TestTypedValuesArriveWhereTheyBelong(t *testing.T) {
	c := mustLoad(t, forServe, environment{
		"BASE_URL": "https://app.example.com", "BETTER_AUTH_SECRET": goodSecret, "BACKEND_URL": "http://api:8000/base/",
		"TRUSTED_ORIGINS": "https://a.example, https://b.example", "TRUSTED_PROXIES": "192.0.2.7,10.0.0.0/8",
		"SESSION_EXPIRES_IN": "48h", "SESSION_UPDATE_AGE": "1h", "SESSION_MAX_AGE": "96h", "COOKIE_SAMESITE": "none",
		"JWT_ALGORITHM": "ES256", "JWT_ISSUER": "us", "JWT_AUDIENCE": "them", "JWT_EXPIRES_IN": "90s",
		"PASSWORD_MIN_LENGTH": "12", "PROXY_FORWARD_HEADERS": "X-A,X-B", "PROXY_BODY_LIMIT": "1GB", "PROXY_TIMEOUT": "5s",
		"MAX_STREAMS_PER_SESSION": "3", "MAX_STREAMS_PER_USER": "5", "MAX_STREAMS": "7",
	})
	got := []any{
		c.bff.BaseURL.String(), c.bff.Backend.String(), c.bff.TrustedOrigins, c.bff.TrustedProxies[0].String(), c.bff.SessionExpiresIn,
		c.bff.SessionUpdateAge, c.bff.SessionMaxAge, c.bff.CookieSameSite, c.bff.JWTExpiresIn, c.bff.PasswordMinLength,
		c.bff.ProxyForwardHeaders, c.bff.ProxyBodyLimit, c.bff.ProxyTimeout, c.api.Algorithm, c.api.Issuer, c.api.Audience, c.api.TrustedProxies[1].String(),
		c.bff.MaxStreamsPerSession, c.bff.MaxStreamsPerUser, c.bff.MaxStreams, c.api.MaxStreamsPerUser, c.api.MaxStreams,
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
