package bff_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"vestibule/bff/oauth"
	"vestibule/store"
)

const (
	tokenPath   = "/api/auth/oauth2/token"
	exchange    = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessToken = "urn:ietf:params:oauth:token-type:access_token"
)

// service is an OAuth client that an operator has created.
type service struct {
	*site
	id, secret string
}

// service makes a client with these scopes, separated by spaces, and the default grants.
func (s *site) service(name, scope string, audiences ...string) *service {
	s.t.Helper()
	return s.newService(name, nil, strings.Fields(scope), audiences)
}

func (s *site) newService(name string, grants, scopes, audiences []string) *service {
	s.t.Helper()
	c, secret, err := oauth.NewClient(name, grants, scopes, audiences, s.clock.Now())
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

// ask sends a form with the service's Basic credentials. params are names and values in turn.
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

// refused checks an error in OAuth's form.
func (s *site) refused(a answer, status int, code, part string) {
	s.t.Helper()
	got := object(s.t, a.body)
	description, _ := got["error_description"].(string)
	if a.status != status || got["error"] != code || !strings.Contains(description, part) || len(got) != 2 {
		s.t.Errorf("got %d %s, want %d %s with %q", a.status, a.body, status, code, part)
	}
	if strings.ContainsAny(description, "\"\\\n") || description == "" {
		s.t.Errorf("got description %q, want only characters that RFC 6749 allows", description)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" {
		s.t.Errorf("got Cache-Control %q and Pragma %q", a.header.Get("Cache-Control"), a.header.Get("Pragma"))
	}
	if challenge := a.header.Get("WWW-Authenticate"); (status == 401) != strings.HasPrefix(challenge, "Basic ") {
		s.t.Errorf("got %d with WWW-Authenticate %q", status, challenge)
	}
}

// issued checks an answer with a token. It returns the token, its claims and the answer.
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
			{"scope=", "tasks:read tasks:write", "fastapi-backend"}, // the same as no scope
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
			s.t.Errorf("without scopes: got claims %v, want an empty scope", claims)
		}
	})
}

// TestTheUseOfAClientIsRecorded: with an event, at most once a minute.
func TestTheUseOfAClientIsRecorded(t *testing.T) {
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
