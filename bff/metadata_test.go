package bff_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
	"vestibule/internal/endpoint"
	"vestibule/internal/storetest"
)

const metadataPath = "/.well-known/oauth-authorization-server"

// TestMetadata: RFC 8414 §2 and §3.
func TestMetadata(t *testing.T) {
	t.Parallel()
	auth := []any{"client_secret_basic", "client_secret_post"}
	for _, alg := range []string{"HS256", "EdDSA", "ES256"} {
		s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.JWTAlgorithm = alg })
		v := s.visitor()
		a := v.want(v.do("GET", metadataPath, ""), 200, "issuer")
		if a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("got header %v", a.header)
		}
		got := object(t, a.body)
		table := s.server.Surface().Endpoints
		for name, value := range got {
			text, _ := value.(string)
			path, named := strings.CutPrefix(text, s.url)
			if named && name != "issuer" && !slices.ContainsFunc(table, func(e endpoint.Endpoint) bool { return e.Path == path && e.Handler != nil }) {
				t.Errorf("%s is %s, which is not in the table", name, text)
			}
		}
		want := map[string]any{
			"issuer":                                s.url, // not JWT_ISSUER
			"token_endpoint":                        s.url + tokenPath,
			"introspection_endpoint":                s.url + introspectPath,
			"revocation_endpoint":                   s.url + revokePath,
			"grant_types_supported":                 []any{"client_credentials", exchange},
			"response_types_supported":              []any{},
			"token_endpoint_auth_methods_supported": auth, "introspection_endpoint_auth_methods_supported": auth, "revocation_endpoint_auth_methods_supported": auth,
		}
		if alg != "HS256" {
			want["jwks_uri"] = s.url + "/api/auth/jwks"
		}
		delete(got, "userinfo_endpoint")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", alg, diff)
		}
		v.want(v.do("POST", metadataPath, ""), 405, "METHOD_NOT_ALLOWED")
		v.want(v.do("GET", "/.well-known/openid-configuration", ""), 404, "NOT_FOUND") // there is no authorization endpoint
	}
}

// TestMetadataNamesTheConfiguredOrigin: a Host that somebody has invented would send the
// secrets of clients elsewhere.
func TestMetadataNamesTheConfiguredOrigin(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) {
		c.BaseURL = &url.URL{Scheme: "https", Host: "app.example.com"}
		c.CookieName = "__Host-better-auth.session_token"
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+metadataPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	a := s.visitor().send(r)
	if a.status != 200 || strings.Contains(a.body, "evil") || !strings.Contains(a.body, `"issuer":"https://app.example.com"`) {
		t.Errorf("got %d %s", a.status, a.body)
	}
}
