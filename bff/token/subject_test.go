package token

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"vestibule/internal/jose"
)

// foreign signs a token without our code. Its header and claims can be anything.
func foreign(t testing.TB, header, payload string, key []byte) string {
	t.Helper()
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	signature, err := jwt.SigningMethodHS256.Sign(input, key)
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func refusedSubject(t *testing.T, m *Minter, raw, part string) {
	t.Helper()
	s, err := m.VerifySubject(t.Context(), raw)
	why, ok := errors.AsType[NotSubject](err)
	if !ok || !strings.Contains(string(why), part) || !cmp.Equal(s, Subject{}) {
		t.Errorf("got %+v, %v, want a refusal with %q", s, err, part)
	}
}

func TestVerifySubjectReadsATokenAsItWasMinted(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			clk := newClock()
			m := mustOpen(t, config(algorithm, clk), &memory{})
			user := mustMint(t, m)
			s, err := m.VerifySubject(t.Context(), user.Raw)
			if err != nil {
				t.Fatal(err)
			}
			if s.UserID != "usr_alice" || s.SessionID != "ses_one" || s.TokenID == "" || s.Scoped || s.Actor != nil || !s.Expires.Equal(user.Expires) {
				t.Errorf("got %+v", s)
			}
			clk.Advance(time.Minute)
			first, err := m.MintExchanged(s, "svc_a", "fastapi-backend", "tasks:read")
			if err != nil || !first.Expires.Equal(user.Expires) {
				t.Fatalf("got %+v, %v, want the end of the user's token", first, err)
			}
			s, err = m.VerifySubject(t.Context(), first.Raw)
			want := Subject{
				UserID: "usr_alice", SessionID: "ses_one", TokenID: first.ID, ClientID: "svc_a", Audience: "fastapi-backend",
				Scope: []string{"tasks:read"}, Scoped: true, Actor: &Actor{Subject: "svc_a"},
				IssuedAt: clk.Now().UTC().Truncate(time.Second), Expires: user.Expires, Digest: s.Digest,
			}
			if diff := cmp.Diff(want, s); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			clk.Advance(4*time.Minute - time.Second)
			if _, err := m.VerifySubject(t.Context(), user.Raw); err != nil {
				t.Errorf("in its last second: %v", err)
			}
			clk.Advance(time.Second)
			refusedSubject(t, m, user.Raw, "expired")
		})
	}
}

func TestATokenOfThePreviousSecretIsRead(t *testing.T) {
	t.Parallel()
	clk := newClock()
	c := config(jose.HS256, clk)
	raw := mustMint(t, mustOpen(t, c, nil)).Raw
	c.Secret, c.PreviousSecrets = otherSecret, [][]byte{secret}
	if _, err := mustOpen(t, c, nil).VerifySubject(t.Context(), raw); err != nil {
		t.Errorf("with the previous secret: %v", err)
	}
	c.PreviousSecrets = nil
	refusedSubject(t, mustOpen(t, c, nil), raw, "signature")
}

func TestATokenOfARetiringKeyIsReadUntilTheKeyEnds(t *testing.T) {
	t.Parallel()
	clk := newClock()
	c := config(jose.EdDSA, clk)
	c.ExpiresIn = time.Hour
	keys := &memory{}
	m := mustOpen(t, c, keys)
	raw := mustMint(t, m).Raw
	keys.rows[0].ExpiresAt = new(clk.Now().Add(time.Minute))
	clk.Advance(time.Minute - time.Second)
	if _, err := m.VerifySubject(t.Context(), raw); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	clk.Advance(publishedFor)
	refusedSubject(t, m, raw, "signature")
}

// TestATokenOfAnotherInstancesNewKeyIsRead: the key was added just after this instance had read
// the table.
func TestATokenOfAnotherInstancesNewKeyIsRead(t *testing.T) {
	t.Parallel()
	clk := newClock()
	c := config(jose.ES256, clk)
	keys := &memory{}
	here := mustOpen(t, c, keys)
	mustJWKS(t, here)
	key := mustKey(t, c)
	there := mustOpen(t, c, &memory{rows: []Key{key}})
	keys.add(key)
	raw := mustMint(t, there).Raw
	if _, err := here.VerifySubject(t.Context(), raw); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	keys.err = errors.New("down")
	clk.Advance(publishedFor)
	if _, err := here.VerifySubject(t.Context(), raw); !errors.Is(err, keys.err) {
		t.Errorf("got %v, want %v: an outage does not make a token invalid", err, keys.err)
	}
}

func TestTokensThatAreNotOursAreRefused(t *testing.T) {
	t.Parallel()
	clk := newClock()
	m := mustOpen(t, config(jose.HS256, clk), nil)
	const header = `{"alg":"HS256","typ":"JWT"}`
	claims := func(more string) string {
		return `{"iss":"better-auth","aud":"fastapi-backend","sub":"usr_alice","exp":1770091800` + more + `}` // 04:10
	}
	if _, err := m.VerifySubject(t.Context(), foreign(t, header, claims(""), secret)); err != nil {
		t.Fatalf("got %v, want nil", err)
	}
	for _, typ := range []string{"at+jwt", "application/at+jwt", "Application/AT+JWT", "application/jwt"} {
		if _, err := m.VerifySubject(t.Context(), foreign(t, `{"alg":"HS256","typ":"`+typ+`"}`, claims(""), secret)); err != nil {
			t.Errorf("typ %s: got %v, want nil", typ, err)
		}
	}
	good := foreign(t, header, claims(""), secret)
	for name, tt := range map[string]struct{ raw, part string }{
		"nothing":                    {"", "compact"},
		"five parts":                 {good + "..", "compact"},
		"a line break":               {strings.Replace(good, ".", "\n.", 1), "compact"},
		"padding":                    {good + "=", "compact"},
		"a second spelling":          {good[:len(good)-1] + string(good[len(good)-1]+1), "compact"}, // changes only unused bits
		"too long":                   {good + strings.Repeat("A", jose.MaxToken), "compact"},
		"no signature":               {good[:strings.LastIndex(good, ".")+1], "compact"},
		"alg none":                   {foreign(t, `{"alg":"none"}`, claims(""), secret), "alg"},
		"another alg":                {foreign(t, `{"alg":"HS512"}`, claims(""), secret), "alg"},
		"alg in capitals":            {foreign(t, `{"ALG":"HS256"}`, claims(""), secret), "header"},
		"alg twice":                  {foreign(t, `{"alg":"none","alg":"HS256"}`, claims(""), secret), "header"},
		"a key in the header":        {foreign(t, `{"alg":"HS256","jwk":{}}`, claims(""), secret), "header"},
		"crit":                       {foreign(t, `{"alg":"HS256","crit":["b64"],"b64":true}`, claims(""), secret), "header"},
		"another typ":                {foreign(t, `{"alg":"HS256","typ":"logout+jwt"}`, claims(""), secret), "typ"},
		"another long typ":           {foreign(t, `{"alg":"HS256","typ":"application/id+jwt"}`, claims(""), secret), "typ"},
		"claims that are a list":     {foreign(t, header, `[]`, secret), "claims"},
		"a claim twice":              {foreign(t, header, claims(`,"sub":"usr_bob"`), secret), "claims"},
		"a number for sub":           {foreign(t, header, `{"iss":"better-auth","aud":"fastapi-backend","sub":1,"exp":1770091800}`, secret), "claims"},
		"no sub":                     {foreign(t, header, `{"iss":"better-auth","aud":"fastapi-backend","exp":1770091800}`, secret), "sub"},
		"another aud":                {foreign(t, header, `{"iss":"better-auth","aud":"mail","sub":"usr_alice","exp":1770091800}`, secret), "aud"},
		"no aud":                     {foreign(t, header, `{"iss":"better-auth","sub":"usr_alice","exp":1770091800}`, secret), "aud"},
		"several aud":                {foreign(t, header, `{"iss":"better-auth","aud":["fastapi-backend","x"],"sub":"usr_alice","exp":1770091800}`, secret), "aud"},
		"no exp":                     {foreign(t, header, `{"iss":"better-auth","aud":"fastapi-backend","sub":"usr_alice"}`, secret), "expired"},
		"an exp beyond all dates":    {foreign(t, header, `{"iss":"better-auth","aud":"fastapi-backend","sub":"usr_alice","exp":1e300}`, secret), "expired"},
		"text for exp":               {foreign(t, header, `{"iss":"better-auth","aud":"fastapi-backend","sub":"usr_alice","exp":"1770091800"}`, secret), "claims"},
		"nbf in the future":          {foreign(t, header, claims(`,"nbf":1770091700`), secret), "future"},
		"iat in the future":          {foreign(t, header, claims(`,"iat":1770091700`), secret), "future"},
		"an iat beyond all dates":    {foreign(t, header, claims(`,"iat":1e300`), secret), "future"},
		"an act with another member": {foreign(t, header, claims(`,"act":{"sub":"svc_a","iss":"x"}`), secret), "act"},
		"an act without sub":         {foreign(t, header, claims(`,"act":{"act":{"sub":"svc_a"}}`), secret), "act"},
		"an act that is null":        {foreign(t, header, claims(`,"act":null`), secret), "claims"},
		"an iat that is null":        {foreign(t, header, claims(`,"iat":null`), secret), "claims"},
		"a sid that is null":         {foreign(t, header, claims(`,"sid":null`), secret), "claims"},
		"a typ that is null":         {foreign(t, `{"alg":"HS256","typ":null}`, claims(""), secret), "header"},
		"a kid that is null":         {foreign(t, `{"alg":"HS256","kid":null}`, claims(""), secret), "header"},
		"an act with NUL in it":      {foreign(t, header, claims(`,"act":{"sub":"svc_a","act":{"sub":"svc\u0000"}}`), secret), "act"},
		"an act with more text":      {foreign(t, header, claims(`,"act":{"sub":"svc_a acts for the user; token x"}`), secret), "act"},
		"a sid with NUL in it":       {foreign(t, header, claims(`,"sid":"ses\u0000"`), secret), "sid"},
		"a sid without end":          {foreign(t, header, claims(`,"sid":"`+strings.Repeat("s", jose.MaxID+1)+`"`), secret), "sid"},
		"a jti with a line break":    {foreign(t, header, claims(`,"jti":"a\nb"`), secret), "jti"},
		"a client_id with a space":   {foreign(t, header, claims(`,"client_id":"svc_a svc_b"`), secret), "client_id"},
		"a client_id that is null":   {foreign(t, header, claims(`,"client_id":null`), secret), "claims"},
		"a jti beyond ASCII":         {foreign(t, header, claims(`,"jti":"\u202e"`), secret), "jti"},
		"a scope that is a list":     {foreign(t, header, claims(`,"scope":["tasks:read"]`), secret), "scope"},
		"a scope that is null":       {foreign(t, header, claims(`,"scope":null`), secret), "claims"},
		"a scope on two lines":       {foreign(t, header, claims(`,"scope":"tasks:read\ntasks:write"`), secret), "scope"},
	} {
		t.Run(name, func(t *testing.T) { refusedSubject(t, m, tt.raw, tt.part) })
	}
}

// TestAnActorWithoutScopeHasNoRights: such a token has no rights at the API. So an exchange
// must not give it all scopes of the client.
func TestAnActorWithoutScopeHasNoRights(t *testing.T) {
	t.Parallel()
	m := mustOpen(t, config(jose.HS256, newClock()), nil)
	s, err := m.VerifySubject(t.Context(), foreign(t, `{"alg":"HS256"}`,
		`{"iss":"better-auth","aud":"fastapi-backend","sub":"usr_alice","exp":1770091800,"act":{"sub":"svc_a"}}`, secret))
	if err != nil || !s.Scoped || len(s.Scope) != 0 {
		t.Errorf("got %+v, %v, want an empty scope", s, err)
	}
}

// FuzzVerifySubject checks that every accepted token is signed with our secret.
func FuzzVerifySubject(f *testing.F) {
	m := mustOpen(f, config(jose.HS256, newClock()), nil)
	f.Add(mustMint(f, m).Raw)
	f.Add(foreign(f, `{"alg":"HS256"}`, `{"iss":"better-auth","aud":"fastapi-backend","sub":"a","exp":1770091800,"act":{"sub":"b"}}`, secret))
	f.Add(foreign(f, `{"alg":"none"}`, `{}`, secret))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := m.VerifySubject(t.Context(), raw)
		if err != nil {
			if _, ok := errors.AsType[NotSubject](err); !ok || !cmp.Equal(s, Subject{}) {
				t.Errorf("got %+v, %v", s, err)
			}
			return
		}
		if _, err := jwt.Parse(raw, func(*jwt.Token) (any, error) { return secret, nil }, jwt.WithValidMethods([]string{jose.HS256}),
			jwt.WithTimeFunc(newClock().Now), jwt.WithIssuer("better-auth"), jwt.WithAudience("fastapi-backend"), jwt.WithExpirationRequired()); err != nil || s.UserID == "" {
			t.Errorf("accepted %q, which another library refuses: %v", raw, err)
		}
	})
}

// TestATokenOfAnotherIssuerIsRefused: this holds even if it is signed with our secret.
func TestATokenOfAnotherIssuerIsRefused(t *testing.T) {
	t.Parallel()
	clk := newClock()
	m := mustOpen(t, config(jose.HS256, clk), nil)
	claims := func(iss string) string {
		return `{"iss":"` + iss + `","aud":"fastapi-backend","sub":"usr_1","exp":` + strconv.FormatInt(clk.Now().Add(time.Minute).Unix(), 10) + `}`
	}
	if _, err := m.VerifySubject(t.Context(), foreign(t, `{"alg":"HS256"}`, claims("better-auth"), secret)); err != nil {
		t.Fatal(err)
	}
	for _, iss := range []string{"", "Better-Auth", "better-auth/", "https://login.example.com"} {
		refusedSubject(t, m, foreign(t, `{"alg":"HS256"}`, claims(iss), secret), "iss")
	}
}
