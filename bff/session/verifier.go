package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// verifier verifies the signatures of one key. It keeps hashes that already hold the key:
// each request verifies one signature at least, and anybody can send hundreds in one request.
type verifier struct {
	key    []byte
	hashes sync.Pool // of *keyedHash
}

// keyedHash is an HMAC with room for its input and output.
type keyedHash struct {
	mac   hash.Hash
	token [maxCookieValue]byte
	sum   [sha256.Size]byte
}

func newVerifier(key []byte) *verifier {
	v := &verifier{key: key}
	v.hashes.New = func() any {
		h := &keyedHash{mac: hmac.New(sha256.New, key)}
		h.mac.Reset() // saves the state that each later Reset restores
		return h
	}
	return v
}

// signed reports whether the signature was made with the key. No token stays in memory for
// longer than that: Reset overwrites what the hash has buffered.
func (v *verifier) signed(token string, signature [sha256.Size]byte) bool {
	if len(token) > maxCookieValue {
		return false
	}
	h := v.hashes.Get().(*keyedHash)
	text := h.token[:copy(h.token[:], token)]
	h.mac.Write(text)
	ok := hmac.Equal(signature[:], h.mac.Sum(h.sum[:0]))
	clear(text)
	clear(h.sum[:])
	h.mac.Reset()
	v.hashes.Put(h)
	return ok
}
