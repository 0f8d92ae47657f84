package bff_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"vestibule/bff"
	"vestibule/internal/nginxtest"
	"vestibule/internal/storetest"
)

// cachingNginx configures a shared cache in front of the whole site.
const cachingNginx = `
	proxy_cache all;
	proxy_cache_valid any 10m;
	proxy_cache_methods GET HEAD;
	add_header X-Cache $upstream_cache_status always;
	proxy_set_header Host $http_host;
`

// behindNginx puts nginx in front of a BFF. Its API answers with the headers that the query
// names. The body is the token that it got.
func behindNginx(t *testing.T, directives string) *site {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.URL.Query() {
			w.Header()[name] = values
		}
		w.Header().Set("ETag", `"1"`)
		_, _ = io.WriteString(w, r.Header.Get("Authorization"))
	}))
	t.Cleanup(api.Close)
	backend, err := url.Parse(api.URL)
	if err != nil {
		t.Fatal(err)
	}
	var front string
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) {
		front = nginxtest.Start(t, nginxtest.Config{
			HTTP:   "proxy_cache_path cache keys_zone=all:1m;",
			Server: cachingNginx + directives + "location / { proxy_pass " + c.BaseURL.String() + "; }",
		})
		c.Backend = backend
		if c.BaseURL, err = url.Parse(front); err != nil {
			t.Fatal(err)
		}
	})
	s.url = front
	return s
}

// TestASharedCacheNeverMixesUsers: with any caching headers of the API, a user never gets the
// answer to another user.
func TestASharedCacheNeverMixesUsers(t *testing.T) {
	t.Parallel()
	const later = "Tue, 15 Nov 2044 12:45:26 GMT"
	answers := []url.Values{
		{},
		{"Cache-Control": {"max-age=60"}},
		{"Cache-Control": {"max-age=60"}, "Vary": {"Authorization"}},
		{"Cache-Control": {"max-age=60"}, "Vary": {"*"}},
		{"Cache-Control": {"immutable, max-age=600"}, "Vary": {"Accept"}},
		{"Cache-Control": {"public, max-age=60"}},
		{"Cache-Control": {"s-maxage=60"}},
		{"Cache-Control": {"max-age=60, must-revalidate"}},
		{"Cache-Control": {"no-cache, max-age=60"}},
		{"Cache-Control": {`private="x", max-age=60`}},
		{"Expires": {later}},
		{"Expires": {later}, "Cache-Control": {"max-age=60"}},
		{"X-Accel-Expires": {"60"}},
		{"X-Accel-Expires": {"60"}, "Cache-Control": {"max-age=60"}},
		{"Surrogate-Control": {"max-age=60"}},
		{"Cdn-Cache-Control": {"max-age=60"}},
		{"Pragma": {"public"}},
	}
	for name, directives := range map[string]string{
		"that obeys Cache-Control":                "",
		"that ignores Cache-Control":              "proxy_ignore_headers Cache-Control Expires;",
		"that revalidates its entries":            "proxy_cache_revalidate on; proxy_cache_use_stale updating error;",
		"that waits for another request's answer": "proxy_cache_lock on;",
	} {
		t.Run("one "+name, func(t *testing.T) {
			s := behindNginx(t, directives)
			ada, bob := s.visitor(), s.visitor()
			ada.signUp("ada@example.com")
			bob.signUp("bob@example.com")
			for _, answer := range answers {
				path := "/api/proxy/x?" + answer.Encode() // the same for both users: only the cookie differs
				for range 2 {
					toAda := ada.want(ada.do("GET", path, ""), 200, "Bearer ")
					toBob := bob.want(bob.do("GET", path, ""), 200, "Bearer ")
					if toAda.body == toBob.body {
						t.Errorf("%v: bob got ada's answer, X-Cache %s, Cache-Control %q, Vary %q", answer,
							toBob.header.Get("X-Cache"), toBob.header.Get("Cache-Control"), toBob.header.Values("Vary"))
					}
				}
				nobody := s.visitor()
				nobody.want(nobody.do("GET", path, ""), 401, "NO_SESSION")
			}
			// It does cache a public answer.
			ada.want(ada.do("GET", "/.well-known/jwks.json", ""), 200, "keys")
			if a := bob.want(bob.do("GET", "/.well-known/jwks.json", ""), 200, "keys"); a.header.Get("X-Cache") != "HIT" {
				t.Errorf("got X-Cache %q for the public keys, want a HIT: the cache is off", a.header.Get("X-Cache"))
			}
		})
	}
}
