package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/argon2id"
)

// signingIn has one round of sign-ins: the rate of the machine for the same hashes, our
// rate, and the p99 of a proxied request without and with sign-ins beside it.
type signingIn struct {
	machine, ours float64 // in a second
	quiet, beside time.Duration
}

// signers is how many clients sign in at a time. Each has its own account.
const signers = 4

const signerPassword = "paper-lantern-42"

// measureSignIn measures sign-ins at one serve on SQLite. The limit on attempts is off,
// because all clients have one address.
func measureSignIn(ctx context.Context, g *ground) (rounds []signingIn, err error) {
	m, err := g.memberAt(ctx, g.s.binary, "serve", engine{}, "RATE_LIMIT=off")
	if err != nil {
		return nil, err
	}
	id, err := m.create(ctx, "One task", description)
	if err != nil {
		return nil, err
	}
	for i := range signers {
		if err := post(ctx, http.DefaultClient, "http://"+m.bff+"/api/auth/signup", "", signerBody(i)); err != nil {
			return nil, err
		}
	}
	task, err := oneTask("http://"+m.bff+"/api/proxy/me", id, nil, nil, nil).bodyFor(ctx, m)
	if err != nil {
		return nil, err
	}
	// A request every 10 ms leaves the processors free, so that p99 is about waiting for
	// sign-ins, and not about the load itself.
	paced := load{addr: m.bff, want: task, pause: 10 * time.Millisecond, request: fmt.Appendf(nil,
		"GET /api/proxy/me/tasks/%d HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\nUser-Agent: bench\r\nCookie: %s\r\n\r\n", id, m.bff, m.cookie)}
	length := 3 * g.s.duration
	for i := range g.s.rounds {
		var one signingIn
		if one.machine, err = hashRate(g.s.duration); err != nil {
			return nil, err
		}
		quiet, err := paced.run(ctx, 2, length)
		if err != nil {
			return nil, err
		}
		one.quiet = quiet.p99
		end := keepSigningIn(ctx, "http://"+m.bff)
		beside, err := paced.run(ctx, 2, length)
		rate, fault := end()
		if err != nil {
			return nil, err
		}
		if fault != nil {
			return nil, fault
		}
		one.beside, one.ours = beside.p99, rate
		rounds = append(rounds, one)
		progress("signin %d/%d: %.1f/s of the machine's %.1f/s; p99 %.1f ms, %.1f ms beside sign-ins", i+1, g.s.rounds, one.ours, one.machine, ms(one.quiet), ms(one.beside))
	}
	return rounds, nil
}

func signerBody(i int) string {
	return fmt.Sprintf(`{"email":"signer%d@example.com","password":"%s"}`, i, signerPassword)
}

// bodyFor returns the body of the member's answer to the endpoint's request.
func (e *endpoint) bodyFor(ctx context.Context, m *member) ([]byte, error) {
	var text rawJSON
	status, err := m.call(ctx, http.MethodGet, strings.TrimPrefix(e.url, "http://"+m.bff), nil, &text)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s answered %d", e.url, status)
	}
	return text, err
}

// rawJSON keeps the bytes of a JSON value.
type rawJSON []byte

// UnmarshalJSON implements json.Unmarshaler.
func (r *rawJSON) UnmarshalJSON(text []byte) error {
	*r = slices.Clone(text)
	return nil
}

// keepSigningIn signs in until the returned function is called, which returns the rate.
func keepSigningIn(ctx context.Context, url string) (end func() (float64, error)) {
	ctx, cancel := context.WithCancel(ctx)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: signers}}
	var done atomic.Int64
	faults := make(chan error, signers)
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range signers {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := post(ctx, client, url+"/api/auth/login", "", signerBody(i)); err == nil {
					done.Add(1)
				} else if ctx.Err() == nil {
					faults <- err
					return
				}
			}
		})
	}
	return func() (float64, error) {
		rate := float64(done.Load()) / time.Since(begin).Seconds()
		cancel()
		wg.Wait()
		select {
		case err := <-faults:
			return 0, err
		default:
			return rate, nil
		}
	}
}

// hashRate is how many passwords this machine verifies in a second, with bff/password's
// parameters and as many at a time as it allows: half of the processors.
func hashRate(d time.Duration) (float64, error) {
	phc, err := argon2id.CreateHash(signerPassword, &argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		return 0, err
	}
	var done atomic.Int64
	var wg sync.WaitGroup
	begin := time.Now()
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		wg.Go(func() {
			for time.Since(begin) < d {
				if _, err := argon2id.ComparePasswordAndHash(signerPassword, phc); err != nil {
					return // it cannot fail for a hash that was just made
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds(), nil
}

// signInReport is the report's block about sign-ins.
func signInReport(rounds []signingIn) string {
	of := func(f func(signingIn) float64) string { return spread(each(rounds, f), "%.2f") }
	median := func(f func(signingIn) float64) float64 { return medianOf(each(rounds, f)) }
	return fmt.Sprintf(`| | |
|---|---|
| passwords that the machine verifies, on half of its processors | %.1f/s |
| sign-ins, %d clients | %.1f/s |
| sign-ins against the machine | %s |
| p99 of a proxied request, one every 5 ms | %.1f ms |
| the same beside these sign-ins | %.1f ms |
| p99 beside against without | %s |
`, median(func(s signingIn) float64 { return s.machine }), signers, median(func(s signingIn) float64 { return s.ours }),
		of(func(s signingIn) float64 { return s.ours / s.machine }),
		median(func(s signingIn) float64 { return ms(s.quiet) }), median(func(s signingIn) float64 { return ms(s.beside) }),
		of(func(s signingIn) float64 { return float64(s.beside) / float64(s.quiet) }))
}
