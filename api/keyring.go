package api

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
)

// key verifies signatures of its issuer's algorithm.
type key struct {
	id       string // kid; empty when the key has none, as shared secrets do
	material any    // as newSignatureCheck says
}

func (k key) equal(other key) bool {
	if k.id != other.id {
		return false
	}
	switch material := k.material.(type) {
	case ed25519.PublicKey:
		return material.Equal(other.material.(crypto.PublicKey))
	case *ecdsa.PublicKey:
		return material.Equal(other.material.(crypto.PublicKey))
	case *rsa.PublicKey:
		return material.Equal(other.material.(crypto.PublicKey))
	}
	return false
}

// maxVerified bounds the remembered tokens of a keyring: one per live session
// and five minutes, about 300 bytes each.
const maxVerified = 10_000

// tokenHash is the SHA-256 of a whole token.
type tokenHash [sha256.Size]byte

// keyring is a set of keys that never changes, and the tokens it has verified.
// A token is remembered with the keys that vouch for it, so that replacing the
// keys forgets every token by construction.
type keyring struct {
	keys     []key
	verified *lru.Cache[tokenHash, claims]
}

func newKeyring(keys []key) *keyring {
	verified, _ := lru.New[tokenHash, claims](maxVerified) // fails only for a size below 1
	keys = slices.SortedStableFunc(slices.Values(keys), func(a, b key) int { return strings.Compare(a.id, b.id) })
	return &keyring{keys: keys, verified: verified}
}

// sameKeys says whether the ring has exactly these keys, in any order.
func (k *keyring) sameKeys(other *keyring) bool {
	return slices.EqualFunc(k.keys, other.keys, key.equal)
}

// named returns the keys that may have signed a token with this kid. A token
// without one may be signed by a key without one, or by the only key there is.
func (k *keyring) named(keyID string) []key {
	if keyID == "" && len(k.keys) == 1 {
		return k.keys
	}
	var found []key
	for _, key := range k.keys {
		if key.id == keyID {
			found = append(found, key)
		}
	}
	return found
}
