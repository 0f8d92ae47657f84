package token

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"vestibule/internal/jose"
	"vestibule/store"
)

// claimsOf verifies a token with another library, and returns the claims that differ from one
// token to the next, without those that all have.
func claimsOf(t *testing.T, m *Minter, raw string) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(raw, claims, func(*jwt.Token) (any, error) { return secret, nil }, jwt.WithTimeFunc(m.config.Now))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"iss", "sub", "sid", "jti", "iat", "exp", "client_id"} {
		if claims[name] == nil {
			t.Errorf("got no %s in %v", name, claims)
		}
		delete(claims, name)
	}
	return claims
}

func TestATokenOfAKindHoldsItsClaims(t *testing.T) {
	t.Parallel()
	m := mustOpen(t, config(jose.HS256, newClock()), nil)
	nameless := &store.User{ID: "usr_bob", Email: "bob@example.com", EmailVerified: true}
	for name, tt := range map[string]struct {
		user *store.User
		kind Kind
		want jwt.MapClaims
	}{
		"the default":           {alice, Kind{}, jwt.MapClaims{"aud": "fastapi-backend"}},
		"an audience":           {alice, Kind{Audience: "billing"}, jwt.MapClaims{"aud": "billing"}},
		"a scope":               {alice, Kind{Scope: "orders:read orders:write"}, jwt.MapClaims{"aud": "fastapi-backend", "scope": "orders:read orders:write"}},
		"one claim":             {alice, Kind{Claims: []string{"email"}}, jwt.MapClaims{"aud": "fastapi-backend", "email": "alice@example.com"}},
		"all claims":            {alice, Kind{Claims: UserClaims()}, jwt.MapClaims{"aud": "fastapi-backend", "email": "alice@example.com", "email_verified": false, "name": "Alice"}},
		"a user without a name": {nameless, Kind{Claims: UserClaims()}, jwt.MapClaims{"aud": "fastapi-backend", "email": "bob@example.com", "email_verified": true}},
	} {
		tok, err := m.Mint(tt.user, "ses_one", tt.kind)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, claimsOf(t, m, tok.Raw)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAnUnknownClaimIsRefused(t *testing.T) {
	t.Parallel()
	m := mustOpen(t, config(jose.HS256, newClock()), nil)
	for _, claim := range []string{"phone_number", "Email", "sub", ""} {
		k := Kind{Claims: []string{ClaimName, claim}}
		if tok, err := m.Mint(alice, "ses_one", k); err == nil || k.Check() == nil || tok != (Token{}) {
			t.Errorf("%q: got %v, %v", claim, tok, err)
		}
	}
}

func TestAKindSeesTheClaimsThatItHas(t *testing.T) {
	t.Parallel()
	other := *alice
	other.Email, other.EmailVerified, other.Name = "a@example.com", true, "A"
	image := "x"
	same := *alice
	same.Image = &image
	for _, claim := range UserClaims() {
		if k := (Kind{Claims: []string{claim}}); k.SaysTheSame(alice, &other) || !k.SaysTheSame(alice, &same) {
			t.Errorf("%s: a change is not seen, or another one is", claim)
		}
		only := *alice // only the other claims change
		switch only = other; claim {
		case ClaimEmail:
			only.Email = alice.Email
		case ClaimEmailVerified:
			only.EmailVerified = alice.EmailVerified
		case ClaimName:
			only.Name = alice.Name
		}
		if !(Kind{Claims: []string{claim}}).SaysTheSame(alice, &only) {
			t.Errorf("%s: a change of other claims is seen", claim)
		}
	}
	if !(Kind{Audience: "x"}).SaysTheSame(alice, &other) {
		t.Error("a kind without claims sees a change")
	}
}

// TestALongNameMakesNoHugeToken: many servers refuse headers from 8 KiB on. A name has at most
// 1 KiB, and an address 320 bytes.
func TestALongNameMakesNoHugeToken(t *testing.T) {
	t.Parallel()
	m := mustOpen(t, config(jose.HS256, newClock()), nil)
	for _, part := range []string{"<", "\x01", `"`, "ä", "\u2028", "😀"} {
		u := *alice
		u.Name = strings.Repeat(part, 1024/len(part))
		u.Email = strings.Repeat("a", 308) + "@example.com"
		tok, err := m.Mint(&u, "ses_one", Kind{Claims: UserClaims()})
		if err != nil {
			t.Fatal(err)
		}
		if len(tok.Raw) > 4<<10 {
			t.Errorf("%q: got a token of %d bytes", part, len(tok.Raw))
		}
		want := u.Name
		if part == "\x01" {
			want = ""
		}
		if got, _ := claimsOf(t, m, tok.Raw)["name"].(string); got != want {
			t.Errorf("%q: got another name", part)
		}
	}
}

func TestTheTypeOfTokens(t *testing.T) {
	t.Parallel()
	for configured, want := range map[string]string{"": "at+jwt", "at+jwt": "at+jwt", "JWT": "JWT"} {
		clk := newClock()
		c := config(jose.HS256, clk)
		c.Type = configured
		m := mustOpen(t, c, nil)
		minted := []Token{mustMint(t, m)}
		service, err1 := m.MintService("svc_a", "billing", "")
		exchanged, err2 := m.MintExchanged(Subject{UserID: "usr_alice", Expires: clk.Now().Add(time.Minute)}, "svc_a", "billing", "x")
		operators, err3 := m.MintFor("usr_alice", nil)
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		for i, tok := range append(minted, service, exchanged.Token, operators) {
			parsed, err := jwt.Parse(tok.Raw, func(*jwt.Token) (any, error) { return secret, nil }, jwt.WithTimeFunc(clk.Now))
			if err != nil || parsed.Header["typ"] != want {
				t.Errorf("%q, token %d: got typ %v, %v, want %s", configured, i, parsed.Header["typ"], err, want)
			}
			if _, err := m.VerifyBearer(t.Context(), tok.Raw); err != nil {
				t.Errorf("%q, token %d: we do not read it ourselves: %v", configured, i, err)
			}
		}
	}
}
