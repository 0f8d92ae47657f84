package bff_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vestibule/internal/storetest"
	"vestibule/store"
)

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
	spelled[len(spelled)-2]++ // the last bits before the = encode nothing
	for _, tt := range []struct {
		name, body string
		header     []string
		status     int
		code, part string
	}{
		{"no credentials", grant, nil, 401, "invalid_client", "must authenticate"},
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
		{"bytes that are not text", grant, basic(c.id + ":%00%ff"), 401, "invalid_client", "not Basic"},
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
		{"a very long Content-Type", grant, append([]string{"Content-Type", "application/x-www-form-urlencoded" + strings.Repeat("; a=b", 60)}, auth...), 400, "invalid_request", "Content-Type"},
		{"too much", grant + "&x=" + strings.Repeat("x", 32<<10), auth, 413, "invalid_request", "larger"},

		{"an unknown scope", grant + "&scope=tasks:raed", auth, 400, "invalid_scope", "tasks:raed is not allowed"},
		{"an unknown scope with characters that no answer may contain", grant + "&scope=%22%5C%0A%C3%A9" + strings.Repeat("x", 300), auth, 400, "invalid_scope", "????x"},
		{"a scope that the client lacks", grant + "&scope=tasks:read+tasks:write", auth, 400, "invalid_scope", "tasks:write is not allowed"},
		{"the scope to exchange", grant + "&scope=token:exchange", auth, 400, "invalid_scope", "token:exchange is not allowed"},
		{"two spaces", grant + "&scope=tasks:read++tasks:read", auth, 400, "invalid_scope", "one space"},
		{"another audience", grant + "&audience=billing", auth, 400, "invalid_target", "billing is not allowed"},
		{"a resource that is not a URI", grant + "&resource=fastapi-backend", auth, 400, "invalid_target", "absolute URI"},
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

// TestABodyOfUnknownLengthIsBounded: a body without Content-Length is refused while it is read.
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

func TestTheTokenEndpointIgnoresSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	s.refused(v.do("POST", tokenPath, "grant_type=client_credentials", "Content-Type", "application/x-www-form-urlencoded"), 401, "invalid_client", "")
	// A service's token does not work at the rest of the BFF.
	raw, _, _ := s.issued(s.service("reports", "tasks:read").ask("grant_type", "client_credentials"))
	stranger := s.visitor()
	stranger.want(stranger.do("GET", "/api/proxy/x", "", "Authorization", "Bearer "+raw), 401, "NO_SESSION")
}

// TestASlowTokenRequestIsCheckedAfterItsBody: the client is deleted after the head of the
// request was sent, and before the end of its body.
func TestASlowTokenRequestIsCheckedAfterItsBody(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		c := s.clientWith("held open", nil, []string{"tasks:read"})
		out, in := io.Pipe()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+tokenPath, out)
		if err != nil {
			s.t.Fatal(err)
		}
		r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {c.basic()}}
		answered := make(chan answer, 1)
		go func() {
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				answered <- answer{body: err.Error()}
				return
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			answered <- answer{res.StatusCode, res.Header, string(body)}
		}()
		if _, err := io.WriteString(in, "grant_type=client_"); err != nil {
			s.t.Fatal(err)
		}
		if err := s.db.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.DeleteClient(c.id) }); err != nil {
			s.t.Fatal(err)
		}
		if _, err := io.WriteString(in, "credentials"); err != nil {
			s.t.Fatal(err)
		}
		_ = in.Close()
		s.refused(<-answered, 401, "invalid_client", "Unknown client or wrong secret")
	})
}
