package oauth_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vestibule/bff/oauth"
)

func TestClientsAreChecked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		name                      string
		grants, scopes, audiences []string
	}{
		"no name":                   {"", nil, nil, nil},
		"spaces around":             {" a", nil, nil, nil},
		"a control character":       {"a\x1b", nil, nil, nil},
		"only invisible characters": {"\u3164\u034f", nil, nil, nil},
		"invalid UTF-8":             {"a\xff", nil, nil, nil},
		"a long name":               {strings.Repeat("é", 101), nil, nil, nil},
		"an id as the name":         {"svc_a", nil, nil, nil},
		"an unknown grant":          {"a", []string{"client_credentials"}, nil, nil},
		"the old name and a grant":  {"a", []string{"exchange"}, []string{"token:exchange"}, nil},
		"a scope with a space":      {"a", nil, []string{"tasks:read tasks:write"}, nil},
		"a scope with a quote":      {"a", nil, []string{`orders:"read`}, nil},
		"a scope beyond ASCII":      {"a", nil, []string{"größe:read"}, nil},
		"an empty scope":            {"a", nil, []string{""}, nil},
		"a bad audience":            {"a", nil, nil, []string{`a"b`}},
		"an empty audience":         {"a", nil, nil, []string{""}},
	} {
		if _, _, err := oauth.NewClient(tt.name, tt.grants, tt.scopes, tt.audiences, time.Now()); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	c, secret, err := oauth.NewClient("Größe 1", nil, []string{"tasks:write", "tasks:read", "tasks:write"}, []string{"b", "a", "b"}, time.Now())
	if err != nil || !slices.Equal(c.Scopes, []string{"tasks:read", "tasks:write"}) || !slices.Equal(c.Audiences, []string{"b", "a"}) ||
		!strings.HasPrefix(secret, "vcs_") || len(secret) != 4+43 || c.SecretHash == secret {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestTheScopesOfAClientAreBounded(t *testing.T) {
	t.Parallel()
	var scopes []string
	for i := range 50 {
		scopes = append(scopes, "orders:"+strconv.Itoa(i), "orders:"+strconv.Itoa(i)) // duplicates count once
	}
	for name, tt := range map[string]struct {
		scopes []string
		want   bool
	}{
		"50":          {scopes, true},
		"51":          {append(scopes, "one-more"), false},
		"2048 bytes":  {[]string{strings.Repeat("a", 1024), strings.Repeat("b", 1023)}, true},
		"one more":    {[]string{strings.Repeat("a", 1024), strings.Repeat("b", 1024)}, false},
		"a long word": {[]string{strings.Repeat("a", 2049)}, false},
	} {
		if c, _, err := oauth.NewClient("billing", nil, tt.scopes, nil, time.Now()); (err == nil) != tt.want || err == nil && !slices.IsSorted(c.Scopes) {
			t.Errorf("%s: got %v, %v, want a client: %t", name, c.Scopes, err, tt.want)
		}
	}
}

func TestTheAudiencesOfAClientAreBounded(t *testing.T) {
	t.Parallel()
	var audiences []string
	for i := range 50 {
		audiences = append(audiences, "api-"+strconv.Itoa(i), "api-"+strconv.Itoa(i)) // duplicates count once
	}
	if _, _, err := oauth.NewClient("billing", nil, nil, audiences, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := oauth.NewClient("billing", nil, nil, append(audiences, "one-more"), time.Now()); err == nil {
		t.Error("got a client with 51 audiences, want it refused")
	}
}

func TestOnlyBasicIsAccepted(t *testing.T) {
	t.Parallel()
	const pair = "c3ZjX2E6dmNzX2I=" // svc_a:vcs_b
	if id, secret, err := oauth.ReadCredentials("basic "+pair, ""); id != "svc_a" || secret != "vcs_b" || err != nil {
		t.Fatalf("got %q %q, %v", id, secret, err)
	}
	for _, scheme := range []string{"Bearer", "Digest", "Basics", ""} {
		if id, _, err := oauth.ReadCredentials(scheme+" "+pair, ""); err == nil {
			t.Errorf("%q: got the client %q, want it refused", scheme, id)
		}
	}
}
