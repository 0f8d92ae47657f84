package session

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vestibule/internal/opaque"
)

func testCookie() Cookie {
	return cookieOf(strings.Repeat("s", 32))
}

// cookieOf returns a cookie with the given secrets.
func cookieOf(secret string, previous ...string) Cookie {
	c := Cookie{Name: "better-auth.session_token", SameSite: http.SameSiteLaxMode, Secret: []byte(secret)}
	for _, p := range previous {
		c.Previous = append(c.Previous, []byte(p))
	}
	if err := c.derive(); err != nil {
		panic(err) // impossible: the length of a key is a constant
	}
	return c
}

// legacyValue is the value of a cookie that is signed with the secret itself, as earlier
// versions and Better Auth sign it.
func legacyValue(secret []byte, token string) string {
	return url.QueryEscape(token + "." + base64.StdEncoding.EncodeToString(sign(secret, token)))
}

func requestWith(cookies ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cookies {
		r.Header.Add("Cookie", c)
	}
	return r
}

// TestCookieHasBetterAuthsForm: the value was computed with Python's hmac (also for HKDF), base64
// and urllib.
func TestCookieHasBetterAuthsForm(t *testing.T) {
	t.Parallel()
	c := testCookie()
	got := c.build("abc", time.Hour)
	if want := "abc.Nq0GZz6R3piPJrb8GTfoOcPFfrTpPVpujlRE0zAJejA%3D"; got.Value != want {
		t.Errorf("got value %q, want %q", got.Value, want)
	}
	if line := got.String(); line != "better-auth.session_token="+got.Value+"; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax" {
		t.Errorf("got line %q", line)
	}
	if c := c.build("abc", time.Hour-300*time.Millisecond); c.MaxAge != 3600 {
		t.Errorf("got Max-Age %d for a little less than an hour, want it rounded up to 3600", c.MaxAge)
	}
	if line := c.Clear().String(); line != "better-auth.session_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" {
		t.Errorf("got clearing line %q", line)
	}
	if line := c.build("abc", browserSession).String(); strings.Contains(line, "Max-Age") || strings.Contains(line, "Expires") {
		t.Errorf("got %q, want a cookie that ends with the browser", line)
	}
}

func TestReadCookie(t *testing.T) {
	t.Parallel()
	c := testCookie()
	token := opaque.NewToken()
	good := c.value(token)
	raw, err := url.PathUnescape(good)
	if err != nil {
		t.Fatal(err)
	}
	old := cookieOf(strings.Repeat("o", 32))
	unsigned := url.QueryEscape("x.n27lvooJn27lvooJn27lvooJn27lvooJn27lvooJvmY=")
	name := c.Name + "="
	for _, tt := range []struct {
		name    string
		cookies []string
		want    error
	}{
		{"ours", []string{name + good}, nil},
		{"ours, unescaped", []string{name + raw}, nil},
		{"ours among others", []string{"a=b; " + name + good + "; c=d"}, nil},
		{"ours twice with one value", []string{name + good + "; " + name + good}, nil},
		{"none", nil, ErrNone},
		{"empty", []string{name}, ErrNone},
		{"another name", []string{"session_token=" + good}, ErrNone},
		{"our name with a prefix", []string{"__Host-" + name + good}, ErrNone},
		{"our name in another case", []string{"Better-Auth.session_token=" + good}, ErrNone},
		{"ours after one that we have not signed", []string{name + unsigned + "; " + name + good}, nil},
		{"ours before one that we have not signed", []string{name + good, name + unsigned}, nil},
		{"ours and one of another secret", []string{name + old.value(token) + "; " + name + good}, nil},
		{"ours and an empty one", []string{name + "; " + name + good}, nil},
		{"two that we have not signed", []string{name + unsigned + "; " + name + old.value(token)}, ErrUnsigned},
		{"no signature", []string{name + token}, ErrUnsigned},
		{"signature of another token", []string{name + "x" + good}, ErrUnsigned},
		{"signed with another secret", []string{name + old.value(token)}, ErrUnsigned},
		{"unpadded signature", []string{name + strings.TrimSuffix(raw, "=")}, ErrUnsigned},
		{"bad escape", []string{name + "%zz" + good}, ErrUnsigned},
		{"too long", []string{name + strings.Repeat("x", maxCookieValue) + good}, ErrUnsigned},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.read(requestWith(tt.cookies...))
			if !errors.Is(err, tt.want) {
				t.Fatalf("got error %v, want %v", err, tt.want)
			}
			if want := (presented{token: token}); err == nil && (len(got) != 1 || got[0] != want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestOldSignaturesAreRenewed(t *testing.T) {
	t.Parallel()
	old, now := strings.Repeat("o", 32), strings.Repeat("n", 32)
	c, before := cookieOf(now, old), cookieOf(old)
	token := opaque.NewToken()
	for name, tt := range map[string]struct {
		value string
		want  []presented
	}{
		"the current secret":             {c.value(token), []presented{{token, false, false}}},
		"a previous secret":              {before.value(token), []presented{{token, true, true}}},
		"the current secret itself":      {legacyValue([]byte(now), token), []presented{{token, true, false}}},
		"a previous secret itself":       {legacyValue([]byte(old), token), []presented{{token, true, true}}},
		"Better Auth's token":            {legacyValue([]byte(now), "ThqgPCRgThqgPCRgThqgPCRgThqgfDZn"), []presented{{"ThqgPCRgThqgPCRgThqgPCRgThqgfDZn", true, false}}},
		"an HS256 token":                 {legacyValue([]byte(now), "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9"), nil},
		"the secret itself, a short one": {legacyValue([]byte(now), "token"), nil},
	} {
		if got, _ := c.read(requestWith(c.Name + "=" + tt.value)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestTheNumberOfCookiesIsBounded(t *testing.T) {
	t.Parallel()
	c := testCookie()
	var line []string
	for range 3 * maxSigned {
		line = append(line, c.Name+"="+c.value(opaque.NewToken()))
	}
	if got, err := c.read(requestWith(strings.Join(line, "; "))); err != nil || len(got) != maxSigned {
		t.Errorf("got %d cookies, %v, want %d", len(got), err, maxSigned)
	}
}

func TestTokensAre256RandomBits(t *testing.T) {
	t.Parallel()
	a, b := opaque.NewToken(), opaque.NewToken()
	if len(a) != 43 || a == b {
		t.Errorf("got %q and %q, want two different tokens of 43 characters", a, b)
	}
}

func FuzzSplitCookie(f *testing.F) {
	c := testCookie()
	f.Add(c.value("token"))
	f.Add("a.b.c%3D")
	f.Add("%")
	f.Fuzz(func(t *testing.T, value string) {
		token, _, ok := splitCookie(value)
		if ok && (token == "" || len(value) > maxCookieValue) {
			t.Errorf("accepted %q as token %q", value, token)
		}
	})
}

// TestManyCookiesOfOneRequestCostLittle: anybody can send as many cookies with our name as fit
// into a request's header. The test counts allocations, so it is not parallel.
func TestManyCookiesOfOneRequestCostLittle(t *testing.T) {
	c := Cookie{Name: "sid", Secret: []byte(strings.Repeat("s", 32)), Previous: [][]byte{[]byte(strings.Repeat("p", 32))}}
	if err := c.derive(); err != nil {
		t.Fatal(err)
	}
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("sid=%032d.%s", i, base64.StdEncoding.EncodeToString(make([]byte, 32))))
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", strings.Join(many, "; ")+"; sid="+c.value(strings.Repeat("a", 43)))
	var found []presented
	perCookie := testing.AllocsPerRun(5, func() { found, _ = c.read(r) }) / 300
	if len(found) != 1 || perCookie > 20 { // the race detector makes a sync.Pool forgetful: it is 0 without
		t.Errorf("got %d cookies that we have signed, want 1; and %.0f allocations for each, want 20 at most", len(found), perCookie)
	}
}
