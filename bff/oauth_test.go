package bff_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"vestibule/bff/oauth"
	"vestibule/internal/storetest"
	"vestibule/store"
)

const (
	tokenPath   = "/api/auth/oauth2/token"
	exchange    = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessToken = "urn:ietf:params:oauth:token-type:access_token"
)

// service is a client as its operator has made it.
type service struct {
	*site
	id, secret string
}

func (s *site) service(name, scope string, audiences ...string) *service {
	s.t.Helper()
	c, secret, err := oauth.NewClient(name, nil, strings.Fields(scope), audiences, s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.CreateClient(c) }); err != nil {
		s.t.Fatal(err)
	}
	return &service{s, c.ID, secret}
}

func (s *service) basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(s.id)+":"+url.QueryEscape(s.secret)))
}

// ask sends a form with the service's Basic credentials; params are names and
// values.
func (s *service) ask(params ...string) answer {
	s.t.Helper()
	return s.post(form(params...), "Authorization", s.basic())
}

func (s *site) post(body string, header ...string) answer {
	s.t.Helper()
	header = append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)
	return s.visitor().do("POST", tokenPath, body, header...)
}

func form(params ...string) string {
	values := url.Values{}
	for i := 0; i < len(params); i += 2 {
		values.Add(params[i], params[i+1])
	}
	return values.Encode()
}

// refused checks an error of OAuth's form.
func (s *site) refused(a answer, status int, code, part string) {
	s.t.Helper()
	got := object(s.t, a.body)
	description, _ := got["error_description"].(string)
	if a.status != status || got["error"] != code || !strings.Contains(description, part) || len(got) != 2 {
		s.t.Errorf("got %d %s, want %d %s with %q", a.status, a.body, status, code, part)
	}
	if strings.ContainsAny(description, "\"\\\n") || description == "" {
		s.t.Errorf("got description %q, want what RFC 6749 allows", description)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" {
		s.t.Errorf("got Cache-Control %q and Pragma %q", a.header.Get("Cache-Control"), a.header.Get("Pragma"))
	}
	if challenge := a.header.Get("WWW-Authenticate"); (status == 401) != strings.HasPrefix(challenge, "Basic ") {
		s.t.Errorf("got %d with WWW-Authenticate %q", status, challenge)
	}
}

// issued checks an answer with a token, and returns the token, its claims and the
// answer.
func (s *site) issued(a answer) (raw string, claims jwt.MapClaims, body map[string]any) {
	s.t.Helper()
	if a.status != 200 {
		s.t.Fatalf("got %d %s, want a token", a.status, a.body)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" || a.header.Get("Set-Cookie") != "" {
		s.t.Errorf("got header %v", a.header)
	}
	body = object(s.t, a.body)
	raw, _ = body["access_token"].(string)
	claims = jwt.MapClaims{}
	parsed, err := jwt.ParseWithClaims(raw, claims, func(*jwt.Token) (any, error) { return []byte(strings.Repeat("s", 32)), nil },
		jwt.WithTimeFunc(s.clock.Now), jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("better-auth"))
	if err != nil {
		s.t.Fatalf("%v in %s", err, a.body)
	}
	if parsed.Header["typ"] != "at+jwt" {
		s.t.Errorf("got typ %v", parsed.Header["typ"])
	}
	if claims["scope"] != body["scope"] || body["token_type"] != "Bearer" || claims["jti"] == "" {
		s.t.Errorf("got claims %v in %v", claims, body)
	}
	delete(claims, "jti")
	return raw, claims, body
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		c := s.service("reports", "tasks:write tasks:read token:exchange", "billing")
		now := float64(s.clock.Now().Unix())
		want := jwt.MapClaims{
			"iss": "better-auth", "aud": "fastapi-backend", "sub": c.id, "client_id": c.id,
			"scope": "tasks:read tasks:write", "iat": now, "exp": now + 300,
		}
		inBody := s.post(form("grant_type", "client_credentials", "client_id", c.id, "client_secret", c.secret))
		for name, a := range map[string]answer{"basic": c.ask("grant_type", "client_credentials"), "body": inBody} {
			_, claims, body := s.issued(a)
			if diff := cmp.Diff(want, claims); diff != "" {
				s.t.Errorf("%s: claims (-want +got):\n%s", name, diff)
			}
			delete(body, "access_token")
			if diff := cmp.Diff(map[string]any{"token_type": "Bearer", "expires_in": 300.0, "scope": "tasks:read tasks:write"}, body); diff != "" {
				s.t.Errorf("%s: answer (-want +got):\n%s", name, diff)
			}
		}
		for _, tt := range []struct{ params, scope, aud string }{
			{"scope=tasks:read", "tasks:read", "fastapi-backend"},
			{"scope=tasks:write+tasks:read+tasks:write", "tasks:read tasks:write", "fastapi-backend"},
			{"scope=", "tasks:read tasks:write", "fastapi-backend"}, // without a value: absent
			{"audience=billing", "tasks:read tasks:write", "billing"},
			{"unknown=x&client_id=" + c.id, "tasks:read tasks:write", "fastapi-backend"},
		} {
			_, claims, _ := s.issued(s.post("grant_type=client_credentials&"+tt.params, "Authorization", c.basic()))
			if claims["scope"] != tt.scope || claims["aud"] != tt.aud {
				s.t.Errorf("%s: got claims %v", tt.params, claims)
			}
		}
		_, claims, _ := s.issued(s.service("idle", "").ask("grant_type", "client_credentials"))
		if claims["scope"] != "" {
			s.t.Errorf("without scopes: got claims %v, want a scope that is empty", claims)
		}
	})
}

// TestTheUseOfAClientIsNoted at most once a minute, with an event.
func TestTheUseOfAClientIsNoted(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		c := s.service("reports", "tasks:read")
		for range 3 {
			s.issued(c.ask("grant_type", "client_credentials"))
		}
		events := s.events(store.EventTokenIssued)
		if len(events) != 1 || events[0].ClientID != c.id || events[0].Actor != store.ActorClient || events[0].IPAddress != "127.0.0.1" ||
			events[0].RequestID == "" || events[0].Detail != `scope "tasks:read" for fastapi-backend` {
			s.t.Errorf("got events %+v", events)
		}
		s.clock.Advance(time.Minute)
		s.issued(c.ask("grant_type", "client_credentials"))
		row, err := s.db.ClientByID(t.Context(), c.id)
		if err != nil || row.LastUsedAt == nil || !row.LastUsedAt.Equal(s.clock.Now().Truncate(time.Millisecond)) {
			s.t.Errorf("got %+v, %v", row, err)
		}
		if events := s.events(store.EventTokenIssued); len(events) != 2 {
			s.t.Errorf("got %d events, want 2", len(events))
		}
	})
}

func TestTokenRequestsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	c := s.service("reports", "tasks:read")
	other := s.service("other", "tasks:read")
	const grant = "grant_type=client_credentials"
	auth := []string{"Authorization", c.basic()}
	basic := func(text string) []string {
		return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(text))}
	}
	spelled := []byte(basic(strings.Replace(c.id, "svc", "%73vc", 1) + ":" + c.secret)[1])
	s.issued(s.post(grant, "Authorization", string(spelled)))
	spelled[len(spelled)-2]++ // before the =, its last bits say nothing
	for _, tt := range []struct {
		name, body string
		header     []string
		status     int
		code, part string
	}{
		{"nobody", grant, nil, 401, "invalid_client", "must authenticate"},
		{"an id alone", grant + "&client_id=" + c.id, nil, 401, "invalid_client", "must authenticate"},
		{"a secret alone", grant + "&client_secret=" + c.secret, nil, 401, "invalid_client", "must authenticate"},
		{"an empty secret", grant + "&client_secret=&client_id=" + c.id, nil, 401, "invalid_client", "must authenticate"},
		{"a wrong secret", grant, basic(c.id + ":wrong"), 401, "invalid_client", "Unknown client or wrong secret"},
		{"a wrong secret in the body", grant + "&client_secret=x&client_id=" + c.id, nil, 401, "invalid_client", "Unknown client or wrong secret"},
		{"another's secret", grant, basic(c.id + ":" + other.secret), 401, "invalid_client", "Unknown client or wrong secret"},
		{"an unknown client", grant, basic("svc_nobody:" + c.secret), 401, "invalid_client", "Unknown client or wrong secret"},
		{"a name in place of the id", grant, basic("reports:" + c.secret), 401, "invalid_client", "Unknown client or wrong secret"},
		{"a user in place of a client", grant, basic("usr_x:" + c.secret), 401, "invalid_client", "Unknown client or wrong secret"},
		{"another scheme", grant, []string{"Authorization", "Bearer " + c.secret}, 401, "invalid_client", "not Basic"},
		{"no base64", grant, []string{"Authorization", "Basic !"}, 401, "invalid_client", "not Basic"},
		{"base64 with a second spelling", grant, []string{"Authorization", string(spelled)}, 401, "invalid_client", "not Basic"},
		{"no colon", grant, basic(c.id), 401, "invalid_client", "not Basic"},
		{"a broken escape", grant, basic(c.id + ":%zz"), 401, "invalid_client", "not Basic"},
		{"bytes that are no text", grant, basic(c.id + ":%00%ff"), 401, "invalid_client", "not Basic"},
		{"both ways", grant + "&client_secret=" + c.secret + "&client_id=" + c.id, auth, 400, "invalid_request", "both"},
		{"two ids", grant + "&client_id=" + other.id, auth, 400, "invalid_request", "client_id"},

		{"no grant type", "scope=tasks:read", auth, 400, "invalid_request", "grant_type is missing"},
		{"a password grant", "grant_type=password&username=a&password=b", auth, 400, "unsupported_grant_type", "client_credentials"},
		{"an empty body", "", auth, 400, "invalid_request", "grant_type is missing"},
		{"a parameter twice", grant + "&" + grant, auth, 400, "invalid_request", "grant_type"},
		{"an unknown parameter twice", grant + "&x%22=1&x%22=1", auth, 400, "invalid_request", "x?"},
		{"a broken escape in the body", grant + "&scope=%zz", auth, 400, "invalid_request", "urlencoded"},
		{"a semicolon", grant + ";scope=tasks:read", auth, 400, "invalid_request", "urlencoded"},
		{"NUL", grant + "&scope=%00", auth, 400, "invalid_request", "scope"},
		{"NUL in a name", grant + "&%00=x", auth, 400, "invalid_request", "The parameter ? is not text"},
		{"no UTF-8", grant + "&scope=%ff", auth, 400, "invalid_request", "scope"},
		{"JSON", `{"grant_type":"client_credentials"}`, append([]string{"Content-Type", "application/json"}, auth...), 400, "invalid_request", "Content-Type"},
		{"a foreign charset", grant, append([]string{"Content-Type", "application/x-www-form-urlencoded; charset=utf-16"}, auth...), 400, "invalid_request", "Content-Type"},
		{"a compressed body", grant, append([]string{"Content-Encoding", "gzip"}, auth...), 400, "invalid_request", "Content-Type"},
		{"too many parameters", grant + strings.Repeat("&x", 100), auth, 400, "invalid_request", "more than 100 parameters"},
		{"a type without end", grant, append([]string{"Content-Type", "application/x-www-form-urlencoded" + strings.Repeat("; a=b", 60)}, auth...), 400, "invalid_request", "Content-Type"},
		{"too much", grant + "&x=" + strings.Repeat("x", 32<<10), auth, 413, "invalid_request", "larger"},

		{"an unknown scope", grant + "&scope=tasks:raed", auth, 400, "invalid_scope", "tasks:raed is unknown"},
		{"an unknown scope that no answer can name", grant + "&scope=%22%5C%0A%C3%A9" + strings.Repeat("x", 300), auth, 400, "invalid_scope", "????x"},
		{"a scope of others", grant + "&scope=tasks:read+tasks:write", auth, 400, "invalid_scope", "tasks:write is not allowed"},
		{"the scope to exchange", grant + "&scope=token:exchange", auth, 400, "invalid_scope", "token:exchange is not allowed"},
		{"two spaces", grant + "&scope=tasks:read++tasks:read", auth, 400, "invalid_scope", "one space"},
		{"another audience", grant + "&audience=billing", auth, 400, "invalid_target", "billing is not allowed"},
		{"a resource that is no URI", grant + "&resource=fastapi-backend", auth, 400, "invalid_target", "absolute URI"},
		{"two audiences", grant + "&audience=a&audience=b", auth, 400, "invalid_target", "one audience"},
		{"an exchange without the scope", "grant_type=" + url.QueryEscape(exchange), auth, 400, "unauthorized_client", "the grant exchange"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			here := *s
			here.t = t
			here.refused(here.post(tt.body, tt.header...), tt.status, tt.code, tt.part)
		})
	}
	v := s.visitor()
	s.refused(v.do("POST", tokenPath+"?client_secret=x", grant, "Content-Type", "application/x-www-form-urlencoded", "Authorization", c.basic()), 400, "invalid_request", "URL")
	v.want(v.do("GET", tokenPath, ""), 405, "METHOD_NOT_ALLOWED")
	v.want(v.do("POST", tokenPath, grant, "Origin", "https://evil.example", "Authorization", c.basic()), 403, "INVALID_ORIGIN")
}

// TestABodyOfUnknownLengthIsBounded: one that does is refused by that.
func TestABodyOfUnknownLengthIsBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	body := "grant_type=client_credentials&x=" + strings.Repeat("x", 32<<10)
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.url+tokenPath, io.MultiReader(strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", s.service("reports", "tasks:read").basic())
	s.refused(s.visitor().send(r), 413, "invalid_request", "larger than 32768 bytes")
}

func TestTwoAuthorizationHeadersAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	c := s.service("reports", "tasks:read")
	for _, second := range []string{c.basic(), "Bearer x"} {
		a := s.visitor().doRaw("POST", tokenPath, "grant_type=client_credentials", map[string][]string{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {c.basic(), second},
		})
		s.refused(a, 400, "invalid_request", "more than one Authorization")
	}
	a := s.visitor().doRaw("POST", tokenPath, "grant_type=client_credentials", map[string][]string{
		"Content-Type": {"application/x-www-form-urlencoded", "application/x-www-form-urlencoded"}, "Authorization": {c.basic()},
	})
	s.refused(a, 400, "invalid_request", "Content-Type")
}

// TestWrongSecretsAreLimitedAndRightOnesPass: nobody locks a service out.
func TestWrongSecretsAreLimitedAndRightOnesPass(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		s.server.TellAtOnce()
		c := s.service("reports", "tasks:read")
		wrong := &service{s, c.id, "vcs_wrong"}
		for range 10 {
			s.refused(wrong.ask("grant_type", "client_credentials"), 401, "invalid_client", "wrong secret")
		}
		a := wrong.ask("grant_type", "client_credentials")
		s.refused(a, 429, "temporarily_unavailable", "Too many")
		if a.header.Get("Retry-After") == "" {
			s.t.Error("got no Retry-After")
		}
		s.issued(c.ask("grant_type", "client_credentials"))
		// What is past the limit leaves no event: the trail does not grow without end.
		events := s.events(store.EventClientFailed)
		if len(events) != 10 || events[0].ClientID != c.id || events[0].Detail != "wrong secret" || events[0].IPAddress == "" {
			s.t.Errorf("got %d events, the first of them %+v", len(events), events[0])
		}
		// An unknown client is counted and recorded alike; what is no id is not recorded.
		s.refused((&service{s, "svc_nobody", "x"}).ask("grant_type", "client_credentials"), 401, "invalid_client", "wrong secret")
		s.refused((&service{s, c.secret, "x"}).ask("grant_type", "client_credentials"), 401, "invalid_client", "wrong secret")
		events = s.events(store.EventClientFailed)[10:]
		if len(events) != 2 || events[0].ClientID != "svc_nobody" || events[0].Detail != "unknown client" || events[1].ClientID != "" {
			s.t.Errorf("got events %+v", events)
		}
		for i := range 100 {
			(&service{s, "svc_guess" + string(rune('a'+i%26)) + string(rune('a'+i/26)), "x"}).ask("grant_type", "client_credentials")
		}
		s.refused((&service{s, "svc_another", "x"}).ask("grant_type", "client_credentials"), 429, "temporarily_unavailable", "Too many")
		s.issued(c.ask("grant_type", "client_credentials"))
	})
}

func TestASecretEndsWithItsRotationOrLater(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		c := s.service("reports", "tasks:read")
		rotate := func(keep *time.Time) *service {
			secret, hash := oauth.NewClientSecret()
			if err := s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.RotateClient(c.id, hash, keep, s.clock.Now()) }); err != nil {
				s.t.Fatal(err)
			}
			return &service{s, c.id, secret}
		}
		second := rotate(new(s.clock.Now().Add(time.Hour)))
		s.issued(c.ask("grant_type", "client_credentials"))
		s.issued(second.ask("grant_type", "client_credentials"))
		s.clock.Advance(time.Hour)
		s.refused(c.ask("grant_type", "client_credentials"), 401, "invalid_client", "")
		s.issued(second.ask("grant_type", "client_credentials"))

		third := rotate(nil)
		s.refused(second.ask("grant_type", "client_credentials"), 401, "invalid_client", "")
		s.issued(third.ask("grant_type", "client_credentials"))

		// What the database has opens nothing.
		row, err := s.db.ClientByID(s.t.Context(), c.id)
		if err != nil {
			s.t.Fatal(err)
		}
		s.refused((&service{s, c.id, row.SecretHash}).ask("grant_type", "client_credentials"), 401, "invalid_client", "")

		if err := s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.DeleteClient(c.id) }); err != nil {
			s.t.Fatal(err)
		}
		s.refused(third.ask("grant_type", "client_credentials"), 401, "invalid_client", "")
	})
}

func TestTheTokenEndpointIgnoresSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	s.refused(v.do("POST", tokenPath, "grant_type=client_credentials", "Content-Type", "application/x-www-form-urlencoded"), 401, "invalid_client", "")
	// Nor is a token of a service anything to the rest.
	raw, _, _ := s.issued(s.service("reports", "tasks:read").ask("grant_type", "client_credentials"))
	stranger := s.visitor()
	stranger.want(stranger.do("GET", "/api/proxy/x", "", "Authorization", "Bearer "+raw), 401, "NO_SESSION")
}
