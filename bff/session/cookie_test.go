package session

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"vestibule/internal/opaque"
)

func testCookie() Cookie {
	return Cookie{Name: "better-auth.session_token", SameSite: http.SameSiteLaxMode, Secret: []byte(strings.Repeat("s", 32))}
}

func requestWith(cookies ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cookies {
		r.Header.Add("Cookie", c)
	}
	return r
}

// The value was computed elsewhere, by Python's hmac, base64 and urllib.
func TestCookieHasBetterAuthsForm(t *testing.T) {
	c := testCookie()
	got := c.build("abc", time.Hour)
	if want := "abc.sPGd%2FrrOHnj7wlwTbQJatQY05HNEL9M%2FBfNwJNmzsIc%3D"; got.Value != want {
		t.Errorf("got value %q, want %q", got.Value, want)
	}
	if line := got.String(); line != "better-auth.session_token="+got.Value+"; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax" {
		t.Errorf("got line %q", line)
	}
	if late := c.build("abc", time.Hour-300*time.Millisecond); late.MaxAge != 3600 {
		t.Errorf("got Max-Age %d for what is left of an hour, want it rounded up to 3600", late.MaxAge)
	}
	if line := c.Clear().String(); line != "better-auth.session_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" {
		t.Errorf("got clearing line %q", line)
	}
	if line := c.build("abc", browserSession).String(); strings.Contains(line, "Max-Age") || strings.Contains(line, "Expires") {
		t.Errorf("got %q, want a cookie that goes with the browser", line)
	}
}

func TestReadCookie(t *testing.T) {
	c := testCookie()
	token := opaque.NewToken()
	good := c.value(token)
	raw, err := url.PathUnescape(good)
	if err != nil {
		t.Fatal(err)
	}
	other := c.value(opaque.NewToken())
	old := Cookie{Name: c.Name, Secret: []byte(strings.Repeat("o", 32))}
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
		{"two with different values", []string{name + good + "; " + name + other}, ErrUnsigned},
		{"two in two headers", []string{name + other, name + good}, ErrUnsigned},
		{"no signature", []string{name + token}, ErrUnsigned},
		{"signature of another token", []string{name + "x" + good}, ErrUnsigned},
		{"signed with another secret", []string{name + old.value(token)}, ErrUnsigned},
		{"unpadded signature", []string{name + strings.TrimSuffix(raw, "=")}, ErrUnsigned},
		{"bad escape", []string{name + "%zz" + good}, ErrUnsigned},
		{"too long", []string{name + strings.Repeat("x", maxCookieValue) + good}, ErrUnsigned},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := c.read(requestWith(tt.cookies...))
			if !errors.Is(err, tt.want) {
				t.Fatalf("got error %v, want %v", err, tt.want)
			}
			if err == nil && got != token {
				t.Errorf("got token %q, want %q", got, token)
			}
		})
	}
}

func TestPreviousSecretIsAcceptedAndSaidToBeStale(t *testing.T) {
	old := testCookie()
	now := testCookie()
	now.Secret, now.Previous = []byte(strings.Repeat("n", 32)), [][]byte{old.Secret}
	token, stale, err := now.read(requestWith(old.Name + "=" + old.value("tok")))
	if err != nil || token != "tok" || !stale {
		t.Errorf("got %q, stale %v, %v; want the token, stale", token, stale, err)
	}
	if _, stale, err := now.read(requestWith(now.Name + "=" + now.value("tok"))); err != nil || stale {
		t.Errorf("got stale %v, %v for a cookie of the current secret", stale, err)
	}
}

func TestTokensAre256RandomBits(t *testing.T) {
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
		token, signature, ok := splitCookie(value)
		if !ok {
			return
		}
		if token == "" || len(signature) != 32 {
			t.Errorf("accepted %q as token %q with %d bytes of signature", value, token, len(signature))
		}
	})
}
