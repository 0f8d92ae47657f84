package password

// Rules for a stored hash, which may come from an import or a hand at the
// database, and must not be able to stop the server:
//
//  1. Nothing is computed before every parameter lies within the bounds below.
//     Unbounded, one row with m=4294967295 asks for 4 TiB.
//  2. Zero iterations, lanes or key bytes are refused: x/crypto/argon2 panics on
//     each of them.
//  3. There is one spelling. argon2id.DecodeHash also reads trailing text,
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

// The bounds leave room for what other tools write (RFC 9106 §4's second choice,
// the defaults of common libraries), and keep the worst hash at a few seconds.
const (
	maxMemory      = 256 << 10 // KiB
	maxIterations  = 10
	maxParallelism = 64
	minSalt        = 8 // RFC 9106 §3.1
	maxSalt        = 64
	minKey         = 16 // fewer bytes can be met by chance
	maxKey         = 64
)

// parseStored reads the parameters of a stored hash.
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
		{"memory in KiB", p.Memory, 8 * uint32(p.Parallelism), maxMemory}, // the low end: RFC 9106 §3.1
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

// lower reports whether any parameter of p lies below its current value.
func lower(p, current Params) bool {
	return p.Memory < current.Memory || p.Iterations < current.Iterations || p.Parallelism < current.Parallelism ||
		p.SaltLength < current.SaltLength || p.KeyLength < current.KeyLength
}
