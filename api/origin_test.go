package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

const page = "https://app.example.com"

func withOrigins(listed ...string) Config {
	cfg := sharedSecretConfig()
	cfg.CORSOrigins = listed
	return cfg
}

func from(origin, token string) http.Header {
	h := http.Header{"Origin": {origin}}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	return h
}

// TestListedPagesReadTheAPI, and no other pages.
func TestListedPagesReadTheAPI(t *testing.T) {
	t.Parallel()
	s := startSurface(t, withOrigins(page, "http://localhost:5173"), Deps{Tasks: sqlite(t).Tasks})
	preflight := func(origin, method, headers string) reply {
		return s.do(t, http.MethodOptions, "/api/me/tasks", "", http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {headers},
		})
	}
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		got := preflight(page, method, "authorization,content-type,idempotency-key,if-match,if-none-match,last-event-id,prefer")
		if got.StatusCode != http.StatusNoContent || got.Header.Get("Access-Control-Allow-Origin") != page || got.Header.Get("Access-Control-Allow-Methods") != method ||
			!strings.Contains(got.Header.Get("Access-Control-Allow-Headers"), "authorization") || got.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: got %d %v", method, got.StatusCode, got.Header)
		}
	}
	for _, tt := range []struct{ name, origin, method, headers string }{
		{"another origin", "https://evil.example", "PUT", "authorization"},
		{"another port", page + ":8443", "PUT", "authorization"},
		{"another scheme", "http://app.example.com", "PUT", "authorization"},
		{"a name that begins alike", page + ".evil.example", "PUT", "authorization"},
		{"another case", "https://APP.example.com", "PUT", "authorization"},
		{"null", "null", "PUT", "authorization"},
		{"a method that there is not", page, "TRACE", ""},
		{"a header that says nothing here", page, "PUT", "x-user-id"},
	} {
		if got := preflight(tt.origin, tt.method, tt.headers); got.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: got %v", tt.name, got.Header)
		}
	}

	// Pages can read answers and refusals.
	made := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, from(page, mint(t, ada)))
	refused := s.do(t, "GET", "/api/me/tasks", "", from(page, ""))
	unknown := s.do(t, "GET", "/nothing", "", from(page, ""))
	for want, got := range map[int]reply{201: made, 401: refused, 404: unknown} {
		exposed := strings.Split(got.Header.Get("Access-Control-Expose-Headers"), ", ")
		if got.StatusCode != want || got.Header.Get("Access-Control-Allow-Origin") != page || got.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("got %d %v, want a readable %d", got.StatusCode, got.Header, want)
		}
		for _, name := range []string{"Etag", "Location", "Link", "Retry-After", "Www-Authenticate", "X-Request-Id"} {
			if !slices.Contains(exposed, name) {
				t.Errorf("got exposed %q, want %s in it", exposed, name)
			}
		}
		if !strings.Contains(strings.Join(got.Header.Values("Vary"), ", "), "Origin") {
			t.Errorf("got Vary %q", got.Header.Values("Vary"))
		}
	}
	// An origin gives no permission, and a missing origin is not refused.
	s.do(t, "GET", "/api/"+bob+"/tasks", "", from(page, mint(t, ada))).isProblem(t, 403, "Access denied: user_id mismatch")
	foreign := s.do(t, "GET", "/api/me/tasks", "", from("https://evil.example", mint(t, ada)))
	if foreign.StatusCode != 200 || foreign.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("got %d %v", foreign.StatusCode, foreign.Header)
	}
	two := s.do(t, "GET", "/api/me/tasks", "", http.Header{"Origin": {page, "https://evil.example"}, "Authorization": {"Bearer " + mint(t, ada)}})
	if got := two.Header.Values("Access-Control-Allow-Origin"); len(got) != 0 {
		t.Errorf("two Origins: got %q, want none", got)
	}
	s.log.Want(t, `"refused_origin":"https://evil.example","from":"Origin","setting":"CORS_API_ORIGINS"`)
}

// TestOtherPagesCannotReadTheAPI: the log says why.
func TestOtherPagesCannotReadTheAPI(t *testing.T) {
	t.Parallel()
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: sqlite(t).Tasks})
	for _, got := range []reply{
		s.do(t, "OPTIONS", "/api/me/tasks", "", http.Header{"Origin": {page}, "Access-Control-Request-Method": {"PUT"}}),
		s.do(t, "GET", "/api/me/tasks", "", from(page, "")),
	} {
		if got.StatusCode != 401 || got.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("got %d %v", got.StatusCode, got.Header)
		}
	}
	s.log.Want(t, `"refused_origin":"`+page+`","from":"Origin","setting":"CORS_API_ORIGINS"`)
	before := strings.Count(s.log.String(), "refused_origin")
	s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, from(s.url, mint(t, ada))) // its own documentation page
	s.log.Want(t, `"status":201`)
	if after := strings.Count(s.log.String(), "refused_origin"); after != before {
		t.Errorf("the API's own page is said to be refused:\n%s", s.log)
	}
}
