package bearer

import (
	"crypto/sha256"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"vestibule/internal/jose"
)

// maxVerified bounds the remembered tokens of a keyring: one per live session
// and five minutes, about 300 bytes each.
const maxVerified = 10_000

// tokenHash is the SHA-256 of a whole token.
type tokenHash [sha256.Size]byte

// keyring is a set of keys that never changes, and the tokens it has verified.
// A token is remembered with the keys that vouch for it, so that replacing the
// keys forgets every token by construction.
type keyring struct {
	keys     []jose.Key
	verified *lru.Cache[tokenHash, Caller]
}

func newKeyring(keys []jose.Key) *keyring {
	verified, _ := lru.New[tokenHash, Caller](maxVerified) // fails only for a size below 1
	keys = slices.SortedStableFunc(slices.Values(keys), func(a, b jose.Key) int { return strings.Compare(a.ID, b.ID) })
	return &keyring{keys: keys, verified: verified}
}

// sameKeys says whether the ring has exactly these keys, in any order.
func (k *keyring) sameKeys(other *keyring) bool {
	return slices.EqualFunc(k.keys, other.keys, jose.Key.Equal)
}

// named returns the keys that may have signed a token with this kid. A token
// without one may be signed by a key without one, or by the only key there is.
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
