package bearer

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"vestibule/internal/jose"
)

// The rules of the JWKS client:
//
//   - It asks one configured address and follows no redirect. It reads only the kid of a
//     token.
//   - It asks again in the background, long before an answer is too old, and not only when
//     a kid is unknown. A key that is published before its first use is known in time.
//   - An outage or a bad answer changes nothing: known keys stay.
//   - A request with an unknown kid waits for a fetch, also for one that another request has
//     started. The answer may be a few seconds old at the issuer, or at one of its instances,
//     so the kid may be asked for again soon. Anybody can invent kids, so these fetches have
//     a pause between them, and there are only a few of them in a minute.
//   - Instances do not ask at the same moments, and neither do they after an outage.
//   - Until there is a first key, no token can be judged: 503, not 401.
const (
	// jwksRefresh bounds how long a withdrawn key is still trusted.
	jwksRefresh    = time.Minute
	jwksRetry      = 15 * time.Second // after a failed refresh
	jwksFirstRetry = 200 * time.Millisecond
	jwksMaxFirst   = 5 * time.Second // the delay doubles up to this until there is a key
	jwksLogEvery   = time.Minute     // failures repeat more often than they need a log line

	// jwksStale is the age from which the keys are reported. Two refreshes have failed by then,
	// and the issuer publishes a key longer than that before it signs.
	jwksStale = 2*jwksRefresh + jwksTimeout

	// An issuer's set that is up to five seconds old, as that of our BFF, is fresh at the
	// fourth fetch.
	jwksUnknownPause = 2 * time.Second
	jwksUnknownBurst = 4
	jwksUnknownEvery = 15 * time.Second // one more after this time
)

// jwks is the keySource of an issuer that publishes its keys over HTTP.
type jwks struct {
	setting   string // where url comes from
	url       *url.URL
	algorithm string
	client    *http.Client
	log       *slog.Logger
	now       func() time.Time
	jitter    func(most time.Duration) time.Duration // a random part of most

	known atomic.Pointer[keyring] // nil until the first fetch has succeeded

	mu       sync.Mutex
	underWay *fetch    // nil: none
	unknown  allowance // of fetches for unknown kids
	failure  error     // of the last fetch
	goodAt   time.Time // of the last fetch that has succeeded
	loggedAt time.Time // when a failure was last logged
}

// fetch is one request for the key set; done is closed when it has ended.
type fetch struct {
	done chan struct{}
	err  error
}

func (f *fetch) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *jwks) ring() *keyring { return j.known.Load() }

// find returns the keys with this kid. It asks the issuer about an unknown kid.
func (j *jwks) find(ctx context.Context, keyID string) (*keyring, []jose.Key, error) {
	for {
		ring := j.known.Load()
		if ring == nil {
			return nil, nil, ErrNoKeys.Because(j.ready())
		}
		if keys := ring.named(keyID); len(keys) > 0 || keyID == "" {
			return ring, keys, nil
		}
		f := j.forUnknown()
		if f == nil {
			// Look again: a fetch may have ended since the first look.
			ring = j.known.Load()
			return ring, ring.named(keyID), nil
		}
		_ = f.wait(ctx) // a failed fetch keeps the known keys
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
	}
}

// ready returns why nothing can be verified yet, or nil.
func (j *jwks) ready() error {
	if j.known.Load() != nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failure != nil {
		return fmt.Errorf("no verification keys yet from %s %s: %w", j.setting, j.url.Redacted(), j.failure)
	}
	return fmt.Errorf("no verification keys yet from %s %s", j.setting, j.url.Redacted())
}

// healthy is ready for alerts: it also returns why the keys have not been fetched for long. A
// key that begins to sign meanwhile, or that replaces a retired one, is not known here.
func (j *jwks) healthy() error {
	if err := j.ready(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if age := j.now().Sub(j.goodAt); j.failure != nil && age > jwksStale {
		return fmt.Errorf("verification keys from %s %s are %v old, check what answers there: %w", j.setting, j.url.Redacted(), age.Round(time.Second), j.failure)
	}
	return nil
}

// run keeps the keys fresh until ctx ends.
func (j *jwks) run(ctx context.Context) {
	first := jwksFirstRetry
	for {
		pause := jwksRefresh
		switch err := j.refresh().wait(ctx); {
		case err == nil:
		case j.known.Load() != nil:
			pause = jwksRetry
		default:
			pause = first
			first = min(2*first, jwksMaxFirst)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause - j.jitter(pause/4)):
		}
	}
}

// refresh begins a fetch, or returns the one under way.
func (j *jwks) refresh() *fetch {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.underWay == nil {
		j.begin()
	}
	return j.underWay
}

// forUnknown is refresh for an unknown kid. It returns nil when no fetch is under way and
// none is allowed now.
func (j *jwks) forUnknown() *fetch {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.underWay == nil {
		if !j.unknown.take(j.now()) {
			return nil
		}
		j.begin()
	}
	return j.underWay
}

// begin starts a fetch that belongs to no request: the request that caused it may leave
// while others still wait. The caller holds j.mu.
func (j *jwks) begin() {
	f := &fetch{done: make(chan struct{})}
	j.underWay = f
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), jwksTimeout)
		defer cancel()
		keys, err := j.get(ctx)
		j.mu.Lock()
		defer j.mu.Unlock()
		j.adopt(keys, err)
		j.underWay = nil
		f.err = err
		close(f.done)
	}()
}

// adopt replaces the known keys with the fetched ones, or keeps them when the fetch has
// failed. The caller holds j.mu.
func (j *jwks) adopt(keys []jose.Key, err error) {
	known := j.known.Load()
	failed := j.failure != nil
	j.failure = err
	if err != nil {
		if now := j.now(); !failed || now.Sub(j.loggedAt) >= jwksLogEvery {
			j.loggedAt = now
			j.log.Warn("verification keys could not be fetched: check "+j.setting, // #nosec G706 -- the name of a setting; slog escapes the rest
				"url", j.url.Redacted(), "error", err, "keys_known", known != nil)
		}
		return
	}
	j.goodAt = j.now()
	fetched := newKeyring(keys)
	changed := known == nil || !known.sameKeys(fetched)
	if changed {
		j.known.Store(fetched)
	}
	if changed || failed {
		j.log.Info("verification keys fetched", "url", j.url.Redacted(), "keys", len(keys), "changed", changed)
	}
}
