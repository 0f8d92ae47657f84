package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
		"a list of previous secrets":   {"BETTER_AUTH_SECRET": goodSecret, "BETTER_AUTH_SECRET_PREVIOUS": password + password + password + "," + password + password + password},
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

// The message has the reason but not the secret.
func TestWeakSecretsAreRefusedWithTheReason(t *testing.T) {
	for secret, want := range map[string]string{
		strings.Repeat("s", 40):            "is one character, repeated",
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
