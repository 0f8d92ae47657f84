package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The rules of the cookie:
//
//   - One name, exactly; a cookie under any other name does not count. Two
//     with different values are refused, because nobody can say which of them
//     a sibling host has planted.
//   - Value: encodeURIComponent(token "." signature), as Better Auth writes
//     it, the signature being padded base64 of HMAC-SHA256(secret, token).
//   - No Domain, so that no other host gets it; HttpOnly, so that no script does.

// maxCookieValue bounds the work on a value that nobody has authenticated
// yet. Ours has 94 bytes, 96 to 134 when escaped.
const maxCookieValue = 512

// Cookie is the form of the session cookie.
type Cookie struct {
	Name     string // with its __Host- prefix where one belongs
	Secure   bool   // sent over https only
	SameSite http.SameSite
	Secret   []byte   // signs
	Previous [][]byte // still accepted, for a secret that was rotated
}

func sign(secret []byte, token string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(token))
	return mac.Sum(nil)
}

// read returns the token that r presents. stale says that a previous secret
// signed it. Its errors are ErrNone and ErrUnsigned.
func (c *Cookie) read(r *http.Request) (token string, stale bool, err error) {
	var value string
	for _, cookie := range r.CookiesNamed(c.Name) {
		switch {
		case cookie.Value == "":
		case value == "":
			value = cookie.Value
		case value != cookie.Value:
			return "", false, ErrUnsigned
		}
	}
	if value == "" {
		return "", false, ErrNone
	}
	return c.verify(value)
}

// readAll returns every token that r presents and we have signed: what is to be
// ended may be any of them.
func (c *Cookie) readAll(r *http.Request) []string {
	var tokens []string
	for _, cookie := range r.CookiesNamed(c.Name) {
		if token, _, err := c.verify(cookie.Value); err == nil && !slices.Contains(tokens, token) {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

func (c *Cookie) verify(value string) (token string, stale bool, err error) {
	token, signature, ok := splitCookie(value)
	if !ok {
		return "", false, ErrUnsigned
	}
	if hmac.Equal(signature, sign(c.Secret, token)) {
		return token, false, nil
	}
	for _, secret := range c.Previous {
		if hmac.Equal(signature, sign(secret, token)) {
			return token, true, nil
		}
	}
	return "", false, ErrUnsigned
}

// splitCookie undoes the encoding of a cookie's value; it proves nothing.
func splitCookie(value string) (token string, signature []byte, ok bool) {
	if len(value) > maxCookieValue {
		return "", nil, false
	}
	if strings.Contains(value, "%") {
		var err error
		if value, err = url.PathUnescape(value); err != nil {
			return "", nil, false
		}
	}
	dot := strings.LastIndexByte(value, '.')
	if dot < 1 {
		return "", nil, false
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(value[dot+1:])
	if err != nil || len(signature) != sha256.Size {
		return "", nil, false
	}
	return value[:dot], signature, true
}

// value is what splitCookie reads.
func (c *Cookie) value(token string) string {
	return url.QueryEscape(token + "." + base64.StdEncoding.EncodeToString(sign(c.Secret, token)))
}

// browserSession is the life of a cookie without Max-Age: it goes when the
// browser is closed.
const browserSession time.Duration = 0

// build is the one place that makes the cookie. A life of browserSession
// leaves Max-Age out; a negative one clears the cookie.
func (c *Cookie) build(token string, life time.Duration) *http.Cookie {
	cookie := &http.Cookie{
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
		// Rounded up: what is left of seven days is a little less by now.
		cookie.MaxAge = int((life + time.Second - 1) / time.Second)
	}
	return cookie
}

// Clear returns the cookie that removes the session cookie.
func (c *Cookie) Clear() *http.Cookie { return c.build("", -1) }
