package bff_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"vestibule/internal/storetest"
)

// traefik is the part of Traefik's dynamic configuration that the test needs.
type traefik struct {
	HTTP struct {
		Routers map[string]struct {
			Service     string   `yaml:"service"`
			Middlewares []string `yaml:"middlewares"`
		} `yaml:"routers"`
		Middlewares map[string]struct {
			ForwardAuth map[string]any `yaml:"forwardAuth"`
			Headers     struct {
				Request map[string]string `yaml:"customRequestHeaders"`
			} `yaml:"headers"`
		} `yaml:"middlewares"`
		Services map[string]any `yaml:"services"`
	} `yaml:"http"`
}

// TestForwardAuthAsTraefikAsks compares the configuration of docs/deploy.md with what /verify
// answers. Traefik itself is not run: Debian does not have it.
func TestForwardAuthAsTraefikAsks(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	auth, v := s.forwardAuth(), s.visitor()
	v.signUp("ada@example.com")
	var c traefik
	if err := yaml.Unmarshal([]byte(configuration(t, "Forward auth with Traefik", "yaml", addresses{"vestibule", "verify", "application"})), &c); err != nil {
		t.Fatal(err)
	}
	for name, router := range c.HTTP.Routers {
		if c.HTTP.Services[router.Service] == nil {
			t.Errorf("the router %s leads to the service %q, which is missing", name, router.Service)
		}
	}
	chain := c.HTTP.Routers["orders"].Middlewares
	if len(chain) != 2 || len(c.HTTP.Routers["vestibule"].Middlewares) > 0 {
		t.Fatalf("got the middlewares %v, want two in front of the application alone", chain)
	}
	verify, without := c.HTTP.Middlewares[chain[0]].ForwardAuth, c.HTTP.Middlewares[chain[1]].Headers.Request
	if value, set := without["Cookie"]; !set || value != "" {
		t.Errorf("got the request headers %v, want that the cookie is removed after it was read", without)
	}
	// Any other option could let a client choose what it is asked about, or hide its origin.
	if len(verify) != 3 || verify["trustForwardHeader"] != false || verify["address"] != "http://verify/verify" {
		t.Errorf("got forwardAuth %v, want the address and the headers of the answer", verify)
	}

	// Traefik copies the headers of the request, without those for one connection.
	asks := http.Header{
		"Accept": {"*/*"}, "Origin": {s.url}, "X-User-Id": {"usr_forged"}, "X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Host": {"app.example.com"},
		"X-Forwarded-Port": {"443"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Server": {"traefik"}, "X-Real-Ip": {"203.0.113.9"},
	}
	a := v.want(v.ask(auth, "POST", "/orders/1", asks), 204, "")
	copied, _ := verify["authResponseHeaders"].([]any)
	for name := range a.header {
		if name == "Authorization" || strings.HasPrefix(name, "X-User-") {
			if !slices.Contains(copied, any(name)) {
				t.Errorf("%s is not copied from the answer, so the application gets what the client has sent", name)
			}
		}
	}
	for _, name := range copied {
		if a.header.Get(name.(string)) == "" {
			t.Errorf("the answer has no %s", name)
		}
	}
	asks["Origin"] = []string{"https://evil.example"}
	v.want(v.ask(auth, "POST", "/orders/1", asks), 403, "INVALID_ORIGIN")
}
