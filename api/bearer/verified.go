package bearer

import (
	"crypto/sha256"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"vestibule/internal/jose"
)

// maxVerified bounds the remembered tokens of a keyring. Each session has one per five
// minutes, of about 300 bytes.
const maxVerified = 10_000

// tokenHash is the SHA-256 of a whole token.
type tokenHash [sha256.Size]byte

// keyring is an immutable set of keys, with the tokens that they have verified. Tokens are
// remembered together with their keys, so replacing the keys also forgets all tokens.
type keyring struct {
	keys     []jose.Key
	verified *lru.Cache[tokenHash, Caller]
}

func newKeyring(keys []jose.Key) *keyring {
	verified, _ := lru.New[tokenHash, Caller](maxVerified) // fails only for a size below 1
	keys = slices.SortedStableFunc(slices.Values(keys), func(a, b jose.Key) int { return strings.Compare(a.ID, b.ID) })
	return &keyring{keys: keys, verified: verified}
}

// sameKeys reports whether the ring has exactly these keys, in any order.
func (k *keyring) sameKeys(other *keyring) bool {
	return slices.EqualFunc(k.keys, other.keys, jose.Key.Equal)
}

// named returns the keys that may have signed a token with this kid. A token without a kid
// may be signed by a key without one, or by the only key.
func (k *keyring) named(keyID string) []jose.Key {
	if keyID == "" && len(k.keys) == 1 {
		return k.keys
	}
	var found []jose.Key
	for _, key := range k.keys {
		if key.ID == keyID {
			found = append(found, key)
		}
	}
	return found
}
