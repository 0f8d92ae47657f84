// Package opaque makes the random secrets that are handed out once and kept only
// as a hash: session tokens and the tokens of mail links.
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

// Valid reports whether text has the form of a token. What has not was never one, and
// need not be looked up.
func Valid(text string) bool {
	if len(text) != base64.RawURLEncoding.EncodedLen(32) {
		return false
	}
	// The decoder passes over line breaks, so that one in the text makes it shorter.
	secret, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(secret) == 32
}

// Hash is the form in which a token may be stored and looked up: the lower-case
// hex of its SHA-256. Nothing slower is needed, for 256 random bits cannot be
// guessed.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
