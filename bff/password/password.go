// Package password hashes passwords with argon2id and verifies them.
//
// Its guarantees:
//
//   - At most a fixed number of computations run at a time, each with bounded memory. Further
//     calls wait in a short queue for a short time, and are then refused with ErrBusy. So a
//     flood of sign-ins cannot exhaust the processors or the memory of the server.
//   - Clients share the permits and the queue fairly. Users who have identified themselves, by
//     a session or a mailed link, wait separately from strangers. So neither one address nor
//     many addresses can keep others out. See gate.
//   - A computation keeps its permit until it ends, even if its client disconnects. So
//     disconnecting early does not evade the limit. A caller that still waits for a permit
//     stops waiting when its context ends.
//   - VerifyNone makes an unknown address cost as much as a wrong password.
//   - Easily guessed passwords are refused as new passwords: those of an embedded list, the
//     user's address, the product's name, and one repeated character.
//   - Keyboards that encode the same text differently give the same password: every
//     computation uses the NFKC form, as Better Auth does.
//
// A stored hash must have the exact form that this package writes, and parameters within fixed
// bounds. Otherwise it is refused before anything is computed. Input that cannot be a
// password (too many bytes, invalid UTF-8, or a NUL) is refused before it is normalised.
package password

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/prometheus/client_golang/prometheus"
)

// Params are the argon2id parameters: Memory in KiB, SaltLength and KeyLength
// in bytes.
type Params = argon2id.Params

// defaultParams returns the second of the equivalent argon2id configurations in the OWASP
// Password Storage Cheat Sheet. It has one lane, so that one permit means one processor, and
// needs little enough memory for a small machine.
func defaultParams() Params {
	return Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// DefaultMinLength is the minimum, in code points, that NIST SP 800-63B-4 requires for a
// password that is used together with another factor.
const DefaultMinLength = 8

// Config sets the cost of a hash and the number of parallel computations. The zero value of a
// field means its default.
type Config struct {
	Params    Params        // for new hashes; default: defaultParams
	Parallel  int           // computations at a time; default: half of GOMAXPROCS, at least 1
	Queue     int           // waiting calls in each of the two lines; default: 16 × Parallel
	Wait      time.Duration // longest wait for a place in the line, and again for a permit; default: 2 s
	MinLength int           // minimum length of new passwords, in code points; default: DefaultMinLength

	AllowCommon bool // accept easily guessed passwords as new passwords

	Metrics prometheus.Registerer // of the queue; nil: none are registered
}

// Hasher hashes and verifies passwords. It is safe for concurrent use.
type Hasher struct {
	params    Params
	minLength int
	gate      gate
	dummy     string // a hash with params that no known password has

	allowCommon bool

	// Tests replace these to count and block computations.
	create func(password string, params *Params) (string, error)
	check  func(password, phc string) (bool, *Params, error)
}

// New returns a Hasher. An error means that the configuration is invalid.
func New(c Config) (*Hasher, error) {
	if c.Params == (Params{}) {
		c.Params = defaultParams()
	}
	if c.Parallel == 0 {
		// The other half of the processors remains for other requests.
		c.Parallel = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if c.Queue == 0 {
		c.Queue = 16 * c.Parallel
	}
	if c.Wait == 0 {
		c.Wait = 2 * time.Second
	}
	if c.MinLength == 0 {
		c.MinLength = DefaultMinLength
	}
	switch {
	case c.Parallel < 0 || c.Queue < 0 || c.Wait < 0:
		return nil, errors.New("password: Parallel, Queue and Wait must not be negative")
	case c.MinLength < 0 || c.MinLength > MaxLength:
		return nil, fmt.Errorf("password: MinLength must be between 1 and %d, got %d", MaxLength, c.MinLength)
	}
	if err := checkBounds(c.Params); err != nil {
		return nil, fmt.Errorf("password: parameters: %w", err)
	}
	h := &Hasher{
		params:    c.Params,
		minLength: c.MinLength,
		gate:      newGate(c.Parallel, c.Queue, c.Wait, c.Metrics),
		create:    argon2id.CreateHash,
		check:     argon2id.CheckHash,

		allowCommon: c.AllowCommon,
	}
	h.dummy = dummyHash(h.params)
	return h, nil
}

// dummyHash returns random bytes in the form of a hash. Its check computes as much as that of
// a real one, and computing a real one here was a third of the processor time of a start.
func dummyHash(p Params) string {
	salt, key := make([]byte, p.SaltLength), make([]byte, p.KeyLength)
	_, _ = rand.Read(salt) // it never fails
	_, _ = rand.Read(key)
	return encode(p, salt, key)
}

// Hash returns the PHC string of pw with the current parameters and a new salt. Its errors are
// ErrTooLong, ErrNotText, ErrBusy and the context's. It does not check the minimum length: an
// old password may be shorter than the current minimum and must still get a new hash. Use Check
// for new passwords.
func (h *Hasher) Hash(ctx context.Context, share Share, pw string) (string, error) {
	pw, err := normalise(pw)
	if err != nil {
		return "", err
	}
	leave, err := h.gate.enter(ctx, share)
	if err != nil {
		return "", err
	}
	defer leave()
	phc, err := h.create(pw, &h.params)
	if err != nil {
		return "", fmt.Errorf("password: hash: %w", err)
	}
	return phc, nil
}

// Verify reports whether phc is a hash of pw. rehash reports whether pw should be hashed again
// because a parameter of phc is lower than the current one.
//
// Its errors are:
//   - ErrTooLong and ErrNotText, which depend on pw only. So they do not reveal whether an
//     account exists.
//   - ErrMalformedHash. Nothing was computed. Call VerifyNone then, so that the answer takes
//     as long as others.
//   - ErrBusy and the context's.
func (h *Hasher) Verify(ctx context.Context, share Share, pw, phc string) (ok, rehash bool, err error) {
	pw, err = normalise(pw)
	if err != nil {
		return false, false, err
	}
	stored, err := parseStored(phc)
	if err != nil {
		return false, false, err
	}
	ok, err = h.compute(ctx, share, pw, phc)
	return ok, ok && lower(stored, h.params), err
}

// VerifyNone does the same work as Verify, with the current parameters, for an account that
// does not exist or has no password. So the answer for an unknown address takes as long as the
// answer for a wrong password. Its errors are those of Verify except ErrMalformedHash. nil means
// only that the computation is done; the password is never correct.
func (h *Hasher) VerifyNone(ctx context.Context, share Share, pw string) error {
	pw, err := normalise(pw)
	if err != nil {
		return err
	}
	_, err = h.compute(ctx, share, pw, h.dummy)
	return err
}

func (h *Hasher) compute(ctx context.Context, share Share, pw, phc string) (bool, error) {
	leave, err := h.gate.enter(ctx, share)
	if err != nil {
		return false, err
	}
	defer leave()
	ok, _, err := h.check(pw, phc)
	if err != nil {
		return false, fmt.Errorf("password: verify: %w", err)
	}
	return ok, nil
}
