package session

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The rules of the cookie:
//
//   - The name must match exactly. Of several cookies with this name, only those that
//     we have signed count: a browser may still have one of another program, or an old
//     one with a Domain. If two of them name live sessions, the request is refused: a
//     sibling host may have planted either of them.
//   - Value: encodeURIComponent(token "." signature), in the form in which Better Auth
//     writes it. The signature is padded base64 of HMAC-SHA256(key, token). The key is
//     derived from the secret for cookies alone, so that an HS256 token, which is
//     signed with the secret itself, is no cookie.
//   - A signature with the secret itself is still accepted, of a token that has the
//     form of a session's, and written anew: earlier versions and Better Auth sign
//     like that.
//   - No Domain, so that no other host gets it; HttpOnly, so that no script does.

// maxSigned bounds how many signed cookies of one request count: each is looked up.
const maxSigned = 32

// maxCookieValue bounds the work on a value that is not authenticated yet. Our value has
// 94 bytes, or 96 to 134 when escaped.
const maxCookieValue = 512

// Cookie is the form of the session cookie.
type Cookie struct {
	Name     string // with its __Host- prefix where one belongs
	Secure   bool   // sent over https only
	SameSite http.SameSite
	Secret   []byte   // its key signs
	Previous [][]byte // still accepted, for a secret that was rotated

	keys [][]byte // derived from Secret and Previous, in this order; see derive
}

// derive makes the keys. It must be called before the cookie is used.
func (c *Cookie) derive() error {
	c.keys = nil
	for _, secret := range append([][]byte{c.Secret}, c.Previous...) {
		key, err := hkdf.Key(sha256.New, secret, nil, "vestibule/cookie/v1", sha256.Size)
		if err != nil {
			return fmt.Errorf("derive the key of the cookie: %w", err)
		}
		c.keys = append(c.keys, key)
	}
	return nil
}

func sign(key []byte, token string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(token))
	return mac.Sum(nil)
}

// presented is the token of a cookie that we have signed.
type presented struct {
	token string
	stale bool // signed with a previous secret, or as earlier versions did
}

// read returns the tokens that r presents and that we have signed, each once. Its
// errors are ErrNone and ErrUnsigned; there is at least one token without an error.
func (c *Cookie) read(r *http.Request) ([]presented, error) {
	var found []presented
	none := true
	v := verifier{Cookie: c}
	for _, cookie := range r.CookiesNamed(c.Name) {
		if len(found) == maxSigned {
			break
		}
		none = none && cookie.Value == ""
		p, ok := v.verify(cookie.Value)
		if ok && !slices.ContainsFunc(found, func(f presented) bool { return f.token == p.token }) {
			found = append(found, p)
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

// verifier verifies the cookies of one request, of which there may be hundreds. It
// makes what a key needs once.
type verifier struct {
	*Cookie
	macs []keyedHash
	sum  [sha256.Size]byte
}

type keyedHash struct {
	key []byte
	mac hash.Hash
}

// signed says whether the signature is the key's.
func (v *verifier) signed(key []byte, token string, signature []byte) bool {
	var mac hash.Hash
	if i := slices.IndexFunc(v.macs, func(k keyedHash) bool { return bytes.Equal(k.key, key) }); i >= 0 {
		mac = v.macs[i].mac
		mac.Reset()
	} else {
		mac = hmac.New(sha256.New, key)
		v.macs = append(v.macs, keyedHash{key, mac})
	}
	mac.Write([]byte(token))
	return hmac.Equal(signature, mac.Sum(v.sum[:0]))
}

func (v *verifier) verify(value string) (presented, bool) {
	token, signature, ok := splitCookie(value)
	if !ok {
		return presented{}, false
	}
	for i, key := range v.keys {
		if v.signed(key, token, signature) {
			return presented{token, i > 0}, true
		}
	}
	if !sessionToken.MatchString(token) {
		return presented{}, false
	}
	for _, secret := range append([][]byte{v.Secret}, v.Previous...) {
		if v.signed(secret, token, signature) {
			return presented{token, true}, true
		}
	}
	return presented{}, false
}

// sessionToken is the form of a session's token, of ours and of Better Auth's. The
// part of a JWT that is signed has a dot.
var sessionToken = regexp.MustCompile(`^[A-Za-z0-9_-]{32,64}$`)

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
	return url.QueryEscape(token + "." + base64.StdEncoding.EncodeToString(sign(c.keys[0], token)))
}

// browserSession is the life of a cookie without Max-Age: it goes when the
// browser is closed.
const browserSession time.Duration = 0

// build is the one place that makes the cookie. A life of browserSession
// leaves Max-Age out; a negative one clears the cookie.
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
		// Rounded up: what is left of seven days is a little less by now.
		cookie.MaxAge = int((life + time.Second - 1) / time.Second)
	}
	return cookie
}

// Clear returns the cookie that removes the session cookie.
func (c *Cookie) Clear() *http.Cookie { return c.build("", -1) }
