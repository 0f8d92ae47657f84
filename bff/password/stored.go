package password

// A stored hash may come from an import or a manual edit of the database. It must not be able to
// stop the server:
//
//  1. Nothing is computed unless every parameter is within the bounds below. Without bounds, a
//     hash with m=4294967295 would allocate 4 TiB.
//  2. Zero iterations, lanes or key bytes are refused: x/crypto/argon2 panics on each of them.
//  3. Only the canonical form is accepted. argon2id.DecodeHash also accepts trailing text,
//     signs, leading zeros and line breaks.

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/alexedwards/argon2id"
)

// ErrMalformedHash is returned for a stored hash that is not an argon2id PHC
// string or has parameters outside the bounds.
var ErrMalformedHash = errors.New("password: malformed stored hash")

// The bounds allow the parameters that other tools use: the second recommendation of RFC 9106
// §4, and the defaults of common libraries. The most expensive hash takes a few seconds.
const (
	maxMemory      = 256 << 10 // KiB
	maxIterations  = 10
	maxParallelism = 64
	minSalt        = 8 // RFC 9106 §3.1
	maxSalt        = 64
	minKey         = 16 // another password can match a shorter key by chance
	maxKey         = 64
)

// parseStored returns the parameters of a stored hash.
func parseStored(phc string) (Params, error) {
	params, salt, key, err := argon2id.DecodeHash(phc)
	if err != nil {
		return Params{}, fmt.Errorf("%w: %w", ErrMalformedHash, err)
	}
	if err := checkBounds(*params); err != nil {
		return Params{}, fmt.Errorf("%w: %w", ErrMalformedHash, err)
	}
	if phc != encode(*params, salt, key) {
		return Params{}, fmt.Errorf("%w: not in canonical form", ErrMalformedHash)
	}
	return *params, nil
}

func encode(p Params, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.Memory, p.Iterations, p.Parallelism,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

func checkBounds(p Params) error {
	for _, b := range []struct {
		name      string
		got       uint32
		low, high uint32
	}{
		{"parallelism", uint32(p.Parallelism), 1, maxParallelism},
		{"memory in KiB", p.Memory, 8 * uint32(p.Parallelism), maxMemory}, // the minimum: RFC 9106 §3.1
		{"iterations", p.Iterations, 1, maxIterations},
		{"salt length", p.SaltLength, minSalt, maxSalt},
		{"key length", p.KeyLength, minKey, maxKey},
	} {
		if b.got < b.low || b.got > b.high {
			return fmt.Errorf("%s %d is not between %d and %d", b.name, b.got, b.low, b.high)
		}
	}
	return nil
}

// lower reports whether any parameter of p is lower than its current value.
func lower(p, current Params) bool {
	return p.Memory < current.Memory || p.Iterations < current.Iterations || p.Parallelism < current.Parallelism ||
		p.SaltLength < current.SaltLength || p.KeyLength < current.KeyLength
}
