// Package password turns passwords into argon2id hashes and back into yes or no.
//
// It promises:
//
//   - A fixed number of computations runs at a time, each with a fixed amount of
//     memory. What does not fit waits in a short queue for a short time and is
//     then refused with ErrBusy, so a storm of sign-ins can use up neither the
//     processors nor the memory of a server that has other work.
//   - The permits and the queue are shared fairly between the askers, and those who
//     have shown who they are, by a session or a mailed link, wait apart from those who
//     have not. So neither one address nor many keep others out; see gate.
//   - A computation that has begun keeps its permit until it ends, even when its
//     client has left: leaving early frees nothing and opens no way around the
//     bound. A caller that still waits for a permit stops waiting with its context.
//   - An unknown address costs what a wrong password costs: VerifyNone.
//   - What is guessed first becomes nobody's password: the common ones of an embedded
//     list, the user's address, the product's name.
//   - One password typed on two keyboards is one password: every computation
//     works on its NFKC form, as Better Auth's do.
//
// It refuses stored hashes that are not in the one form it writes, or whose
// parameters lie outside fixed bounds, before it computes anything; and input
// that no hash can belong to before it normalises anything.
package password

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/alexedwards/argon2id"
)

// Params are the argon2id parameters: Memory in KiB, SaltLength and KeyLength
// in bytes.
type Params = argon2id.Params

// defaultParams is the second of the OWASP Password Storage Cheat Sheet's equal
// choices for argon2id. It is the one with a single lane, so that one permit is
// one processor, and with little enough memory for a small machine.
func defaultParams() Params {
	return Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// DefaultMinLength is the shortest that NIST SP 800-63B-4 allows beside another factor, in code
// points.
const DefaultMinLength = 8

// Config says how hard a hash is and how many are computed at a time. The zero
// value of every field means its default.
type Config struct {
	Params    Params        // for new hashes; defaultParams
	Parallel  int           // computations at a time; half of GOMAXPROCS, at least 1
	Queue     int           // callers of each kind that may wait for a permit; 16 for each computation
	Wait      time.Duration // longest wait in each of two steps, the second at the head of the queue; 2 s
	MinLength int           // shortest new password, in code points; DefaultMinLength

	AllowCommon bool // let new passwords be what is guessed first
}

// Hasher hashes and verifies passwords. It is safe for concurrent use.
type Hasher struct {
	params    Params
	minLength int
	gate      gate
	dummy     string // of a password that nobody knows, with params

	allowCommon bool

	// Tests count, block and watch the computations here.
	create func(password string, params *Params) (string, error)
	check  func(password, phc string) (bool, *Params, error)
}

// New makes a Hasher and, for VerifyNone, one hash. Its errors are mistakes in
// the configuration.
func New(c Config) (*Hasher, error) {
	if c.Params == (Params{}) {
		c.Params = defaultParams()
	}
	if c.Parallel == 0 {
		// The other half stays with everything that is not a sign-in.
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
		return nil, fmt.Errorf("password: MinLength must lie between 1 and %d, got %d", MaxLength, c.MinLength)
	}
	if err := checkBounds(c.Params); err != nil {
		return nil, fmt.Errorf("password: parameters: %w", err)
	}
	h := &Hasher{
		params:    c.Params,
		minLength: c.MinLength,
		gate:      newGate(c.Parallel, c.Queue, c.Wait),
		create:    argon2id.CreateHash,
		check:     argon2id.CheckHash,

		allowCommon: c.AllowCommon,
	}
	var err error
	if h.dummy, err = h.create(rand.Text(), &h.params); err != nil {
		return nil, fmt.Errorf("password: dummy hash: %w", err)
	}
	return h, nil
}

// Hash returns the PHC string of pw with the current parameters and a new salt.
// Its errors are ErrTooLong, ErrNotText, ErrBusy and the context's. It asks for
// no least length, since a password from before the limit rose must still get a
// new hash: Check is what guards a new one.
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

// Verify reports whether phc is a hash of pw, and whether the password should be
// hashed anew because a parameter of phc is lower than the current one.
//
// Its errors are ErrTooLong and ErrNotText, before phc is looked at, so that
// they come for every account and for none alike; ErrMalformedHash, without any
// computation, after which VerifyNone makes the answer cost what others do;
// ErrBusy; and the context's.
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

// VerifyNone does the work of Verify for an account that does not exist or has
// no password, with the current parameters, so that the answer to an unknown
// address takes as long as the one to a wrong password. Its errors are those of
// Verify without ErrMalformedHash; nil means: not verified.
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
