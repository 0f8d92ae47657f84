// Package opaque makes random secrets that are given out once and stored only as a hash:
// session tokens and the tokens of mail links.
package opaque

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// NewToken returns 256 random bits in base64url.
func NewToken() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// Valid reports whether text has the form of a token. Any other text was never a token and
// needs no lookup.
func Valid(text string) bool {
	if len(text) != base64.RawURLEncoding.EncodedLen(32) {
		return false
	}
	// The decoder skips line breaks, so a text with a line break decodes to fewer bytes.
	secret, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(secret) == 32
}

// Hash returns the form in which a token may be stored and looked up: the lower-case hex of
// its SHA-256. A slower hash is not needed: 256 random bits cannot be guessed.
func Hash(token string) string {
	var room [64]byte // for a token, so that it is not copied to the heap
	sum := sha256.Sum256(append(room[:0], token...))
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], sum[:])
	return string(text[:])
}
