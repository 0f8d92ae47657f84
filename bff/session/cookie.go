package session

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The rules of the cookie:
//
//   - The name must match exactly. If there are several cookies with this name, only those
//     that we have signed count. A browser may still have a cookie of another program, or
//     an old one with a Domain. If two of them belong to live sessions, the request is
//     refused, because a sibling host may have planted either of them.
//   - The value is encodeURIComponent(token "." signature), as in Better Auth. The
//     signature is padded base64 of HMAC-SHA256(key, token). The key is derived from the
//     secret and used only for cookies. So an HS256 token, which is signed with the secret
//     itself, is not a valid cookie.
//   - A signature with the secret itself is accepted if the token has the form of a
//     session token. Earlier versions and Better Auth sign like that. The cookie is then
//     replaced.
//   - There is no Domain, so that no other host gets the cookie. HttpOnly hides it from
//     scripts.

// maxSigned is how many signed cookies of one request count. Each one costs a lookup.
const maxSigned = 32

// maxCookieValue bounds the work on a value that is not verified yet. Our value has 94
// bytes, or 96 to 134 when escaped.
const maxCookieValue = 512

// Cookie is the form of the session cookie.
type Cookie struct {
	Name     string // including the __Host- prefix, if any
	Secure   bool   // sent over https only
	SameSite http.SameSite
	Secret   []byte   // signs new cookies
	Previous [][]byte // older secrets whose cookies are still accepted

	// Of Secret and Previous, in this order; see derive.
	keys    []*verifier // derived from them
	secrets []*verifier // they themselves, with which earlier versions signed
}

// derive makes the keys. It must be called before the cookie is used.
func (c *Cookie) derive() error {
	c.keys, c.secrets = nil, nil
	for _, secret := range append([][]byte{c.Secret}, c.Previous...) {
		key, err := hkdf.Key(sha256.New, secret, nil, "vestibule/cookie/v1", sha256.Size)
		if err != nil {
			return fmt.Errorf("derive the key of the cookie: %w", err)
		}
		c.keys, c.secrets = append(c.keys, newVerifier(key)), append(c.secrets, newVerifier(secret))
	}
	return nil
}

func sign(key []byte, token string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(token))
	return mac.Sum(nil)
}

// presented is the token of a cookie with a valid signature.
type presented struct {
	token    string
	stale    bool // signed with a previous secret, or as earlier versions did
	previous bool // signed with a previous secret
}

// read returns the tokens of the signed cookies of r, each once. Its errors are ErrNone and
// ErrUnsigned. Without an error it returns at least one token.
func (c *Cookie) read(r *http.Request) ([]presented, error) { return c.readInto(nil, r) }

// readInto is read with room for the tokens.
func (c *Cookie) readInto(found []presented, r *http.Request) ([]presented, error) {
	none := true
	values := valuesOf(r.Header, c.Name)
	for len(found) < maxSigned {
		value, ok := values.next()
		if !ok {
			break
		}
		none = none && value == ""
		p, ok := c.verify(value)
		if !ok {
			continue
		}
		if i := slices.IndexFunc(found, func(f presented) bool { return f.token == p.token }); i < 0 {
			found = append(found, p)
		} else if !p.stale {
			found[i] = p // or the other one, which we cannot replace, would be signed again for ever
		}
	}
	switch {
	case none:
		return nil, ErrNone
	case len(found) == 0:
		return nil, ErrUnsigned
	}
	return found, nil
}

func (c *Cookie) verify(value string) (presented, bool) {
	token, signature, ok := splitCookie(value)
	if !ok {
		return presented{}, false
	}
	for i, key := range c.keys {
		if key.signed(token, signature) {
			return presented{token, i > 0, i > 0}, true
		}
	}
	if !sessionToken.MatchString(token) {
		return presented{}, false
	}
	for i, secret := range c.secrets {
		if secret.signed(token, signature) {
			return presented{token, true, i > 0}, true
		}
	}
	return presented{}, false
}

// sessionToken is the form of a session token, ours or Better Auth's. It does not match the
// signed part of a JWT, which contains a dot.
var sessionToken = regexp.MustCompile(`^[A-Za-z0-9_-]{32,64}$`)

var strictBase64 = base64.StdEncoding.Strict()

// splitCookie decodes the value of a cookie. It does not verify the signature.
func splitCookie(value string) (token string, signature [sha256.Size]byte, ok bool) {
	if len(value) > maxCookieValue {
		return "", signature, false
	}
	if strings.Contains(value, "%") {
		var err error
		if value, err = url.PathUnescape(value); err != nil {
			return "", signature, false
		}
	}
	dot := strings.LastIndexByte(value, '.')
	if dot < 1 {
		return "", signature, false
	}
	var decoded [maxCookieValue]byte // base64 is longer than what it decodes to
	n, err := strictBase64.Decode(decoded[:], []byte(value[dot+1:]))
	if err != nil || n != len(signature) {
		return "", signature, false
	}
	return value[:dot], [sha256.Size]byte(decoded[:n]), true
}

// value returns the signed value of a cookie; splitCookie decodes it.
func (c *Cookie) value(token string) string {
	return url.QueryEscape(token + "." + base64.StdEncoding.EncodeToString(sign(c.keys[0].key, token)))
}

// browserSession is the lifetime of a cookie without Max-Age. It ends when the browser is
// closed.
const browserSession time.Duration = 0

// build makes every cookie of this package. A negative life clears the cookie.
func (c *Cookie) build(token string, life time.Duration) *http.Cookie {
	cookie := &http.Cookie{ // #nosec G124 -- the settings decide Secure and SameSite
		Name:     c.Name,
		Path:     "/",
		HttpOnly: true,
		Secure:   c.Secure,
		SameSite: c.SameSite,
	}
	switch {
	case life < 0:
		cookie.MaxAge = -1
	case life == browserSession:
		cookie.Value = c.value(token)
	default:
		cookie.Value = c.value(token)
		// Round up: a moment after sign-in, a little less than seven days is left.
		cookie.MaxAge = int((life + time.Second - 1) / time.Second)
	}
	return cookie
}

// Clear returns the cookie that removes the session cookie.
func (c *Cookie) Clear() *http.Cookie { return c.build("", -1) }
