package settings

import (
	"strings"
	"testing"
	"time"
)

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
	t.Run("a stop waits where load balancers can be", func(t *testing.T) {
		for name, tt := range map[string]struct {
			by   Side
			env  Environment
			want time.Duration
		}{
			"loopback":                    {ForServe, nil, 0},
			"loopback addresses":          {ForServe, Environment{"BFF_ADDR": "127.0.0.1:3000", "API_ADDR": "[::1]:8000"}, 0},
			"the BFF is public":           {ForServe, Environment{"BFF_ADDR": ":3000"}, 5 * time.Second},
			"the API is public":           {ForServe, Environment{"API_ADDR": "10.0.0.7:8000"}, 5 * time.Second},
			"the admin server is public":  {ForServe, Environment{"ADMIN_ADDR": ":9090"}, 0},
			"forward auth on loopback":    {ForServe, Environment{"FORWARD_AUTH_ADDR": "localhost:9100"}, 0},
			"a proxy elsewhere asks":      {ForServe, Environment{"FORWARD_AUTH_ADDR": "10.0.0.7:9100"}, 5 * time.Second},
			"the address of another side": {ForBFF, Environment{"API_ADDR": ":8000"}, 0},
			"bff":                         {ForBFF, Environment{"BFF_ADDR": "0.0.0.0:3000"}, 5 * time.Second},
			"api":                         {ForAPI, Environment{"API_ADDR": "[::]:8000"}, 5 * time.Second},
			"set on loopback":             {ForServe, Environment{"DRAIN_DELAY": "7s"}, 7 * time.Second},
			"none":                        {ForServe, Environment{"BFF_ADDR": ":3000", "DRAIN_DELAY": "0"}, 0},
		} {
			if got := mustLoad(t, tt.by, with(secret, tt.env)).DrainDelay; got != tt.want {
				t.Errorf("%s: got %v, want %v", name, got, tt.want)
			}
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

// TestTheBFFCannotBeItsOwnBackend by any of its addresses.
func TestTheBFFCannotBeItsOwnBackend(t *testing.T) {
	t.Parallel()
	listeners := Environment{"BETTER_AUTH_SECRET": goodSecret, "FORWARD_AUTH_ADDR": "localhost:9100", "ADMIN_ADDR": "localhost:9200"}
	for backend, bad := range map[string]bool{
		"http://127.0.0.1:3000": true, "http://[::1]:3000": true, "http://localhost:3000/x": true, "http://LOCALHOST:3000": true,
		"http://localhost:9100": true, "http://localhost:9200": true, "http://app.internal/x": true, "http://App.internal:80": true,
		"http://localhost:3001": false, "http://localhost:8000": false, "http://10.0.0.7:3000": false, "http://api.internal": false,
	} {
		found := loadFaults(t, ForBFF, with(listeners, Environment{"BASE_URL": "http://app.internal", "BACKEND_URL": backend}))
		if got := len(found) == 1 && found[0].Setting == "BACKEND_URL" && strings.Contains(found[0].Problem, "call itself"); got != bad || !bad && found != nil {
			t.Errorf("%s: got %v, want a fault of BACKEND_URL: %t", backend, found, bad)
		}
	}
	moved := with(listeners, Environment{"BFF_ADDR": "localhost:8000", "API_ADDR": "localhost:8001"})
	if found := loadFaults(t, ForServe, moved); found != nil {
		t.Errorf("serve, with the task API inside the process: got %v", found)
	}
	delete(moved, "API_ADDR")
	if found := loadFaults(t, ForBFF, moved); len(found) != 1 {
		t.Errorf("bff at the address where the API is by default: got %v, want one fault", found)
	}
	moved["ROUTES"] = `[{"path":"/api/a/","upstream":"http://localhost:9/","audience":"a"}]`
	if found := loadFaults(t, ForBFF, moved); found != nil {
		t.Errorf("bff, whose routes do not lead to BACKEND_URL: got %v", found)
	}
}
