package bff

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"vestibule/bff/password"
	"vestibule/internal/fair"
	"vestibule/store"
	"vestibule/store/db"
)

// PruneEvents deletes the expired events of the audit trail, as the hourly clean-up does.
func PruneEvents(s *Server, ctx context.Context) error {
	return db.InBatches(ctx, func() (bool, error) { return s.pruneEvents(ctx) })
}

// PruneBatch is the number of rows that the clean-up deletes at a time.
const PruneBatch = pruneBatch

// PruneDeletedUsers deletes the remaining rows of deleted users.
func PruneDeletedUsers(s *Server, ctx context.Context) error {
	return db.InBatches(ctx, func() (bool, error) { return s.pruneDeletedUsers(ctx) })
}

// Prune runs the whole hourly clean-up once.
func Prune(s *Server, ctx context.Context) error {
	for _, job := range s.cleanupJobs() {
		if err := db.InBatches(ctx, func() (bool, error) { return job.Batch(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// TrimSessions does what a server with this SESSIONS_PER_USER does.
func TrimSessions(ctx context.Context, s *Server, n int) error {
	lower := &Server{cfg: s.cfg, store: s.store, now: s.now}
	lower.cfg.SessionsPerUser = n
	_, err := lower.trimSessions(ctx)
	return err
}

// CacheSessionsFor makes s keep a session that it has read for d, even if the database
// changes meanwhile.
func (s *Server) CacheSessionsFor(d time.Duration) { s.sessions.Recheck, s.sessions.Version = d, nil }

// busyHasher refuses every computation, as if its queue were full.
type busyHasher struct {
	hasher
	err error
}

func (b busyHasher) Hash(context.Context, password.Share, string) (string, error) { return "", b.err }

func (b busyHasher) Verify(context.Context, password.Share, string, string) (ok, rehash bool, err error) {
	return false, false, b.err
}

func (b busyHasher) VerifyNone(context.Context, password.Share, string) error { return b.err }

// FillPasswordRoom makes the server refuse every password computation until empty is
// called: as if this client had filled the queue, or as if all clients had.
func (s *Server) FillPasswordRoom(byThisClient bool) (empty func()) {
	before, why := s.passwords, fair.ErrAll
	if byThisClient {
		why = fair.ErrKey
	}
	s.passwords = busyHasher{before, fmt.Errorf("%w: %w", password.ErrBusy, why)}
	return func() { s.passwords = before }
}

// watchedHasher reports for whom it computes.
type watchedHasher struct {
	hasher
	report func(user, address, network string)
}

func (w watchedHasher) Hash(ctx context.Context, share password.Share, pw string) (string, error) {
	w.report(share.User, share.Address, share.Network)
	return w.hasher.Hash(ctx, share, pw)
}

func (w watchedHasher) Verify(ctx context.Context, share password.Share, pw, phc string) (ok, rehash bool, err error) {
	w.report(share.User, share.Address, share.Network)
	return w.hasher.Verify(ctx, share, pw, phc)
}

func (w watchedHasher) VerifyNone(ctx context.Context, share password.Share, pw string) error {
	w.report(share.User, share.Address, share.Network)
	return w.hasher.VerifyNone(ctx, share, pw)
}

// WatchHashes makes the server call report before each password computation.
func (s *Server) WatchHashes(report func(user, address, network string)) {
	s.passwords = watchedHasher{s.passwords, report}
}

// interruptedHasher calls meanwhile after each verification, before it returns the result.
type interruptedHasher struct {
	hasher
	meanwhile func()
}

func (i interruptedHasher) Verify(ctx context.Context, share password.Share, pw, phc string) (ok, rehash bool, err error) {
	ok, rehash, err = i.hasher.Verify(ctx, share, pw, phc)
	i.meanwhile()
	return ok, rehash, err
}

// InterruptVerify makes the server call meanwhile during each verification of a password,
// until undo is called.
func (s *Server) InterruptVerify(meanwhile func()) (undo func()) {
	before := s.passwords
	s.passwords = interruptedHasher{before, meanwhile}
	return func() { s.passwords = before }
}

// FillWork takes all places of a client's requests, and all places of their queue, until
// leave is called. They are the places of the cookie's session, or without a cookie those
// of the client.
func (s *Server) FillWork(client, cookie string) (leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var waiting sync.WaitGroup
	r := &http.Request{Header: http.Header{"Cookie": {cookie}}}
	for _, kind := range []string{kindRead, kindWrite, kindToken} {
		t := s.newAdmission(kind, r)
		if t.client = client; cookie != "" && t.session == "" {
			continue // a token request has no session
		}
		for range workPerClient + workQueuePerClient {
			waiting.Go(func() {
				for ctx.Err() == nil { // after a timeout it waits again
					if leave, err := s.work.Enter(ctx, t.key(), 1); err == nil {
						<-ctx.Done()
						leave()
					}
				}
			})
		}
	}
	return func() { cancel(); waiting.Wait() }
}

// WorkOfOneClient is the number of requests that FillWork adds for a client without a
// cookie, and WorkOfOneSession the number with one.
const (
	WorkOfOneClient  = 3 * (workPerClient + workQueuePerClient)
	WorkOfOneSession = 2 * (workPerClient + workQueuePerClient)
)

// FillSessions takes all places that the sessions of one client share.
func (s *Server) FillSessions(client string) (leave func()) {
	leave, err := s.inSession.Enter(context.Background(), client, sessionsPerClient)
	if err != nil {
		panic(err)
	}
	return leave
}

// FillLookups takes all places of a client's look-ups, and all places of their queue.
func (s *Server) FillLookups(client string) (leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var waiting sync.WaitGroup
	for range s.LookupsOfOneClient() {
		waiting.Go(func() {
			for ctx.Err() == nil {
				if leave, err := s.lookups.Enter(ctx, client, 1); err == nil {
					<-ctx.Done()
					leave()
				}
			}
		})
	}
	return func() { cancel(); waiting.Wait() }
}

// LookupsOfOneClient is the number of places that FillLookups takes.
func (s *Server) LookupsOfOneClient() int {
	_, one := lookupPlaces(s.store.Shares())
	return one + lookupQueuePerClient
}

// Requests, Lookups and Delayed return how many requests have a place of that kind or wait
// for one.
func (s *Server) Requests() int { return load(s.work) }
func (s *Server) Lookups() int  { return load(s.lookups) }
func (s *Server) Delayed() int  { return load(s.delayed) }

func load(r *fair.Room) int {
	inside, waiting := r.Load()
	return inside + waiting
}

// DelayRefusals makes the server delay all refusals of a client for an hour. No test waits
// for that long.
func (s *Server) DelayRefusals(client string) { s.refusals.delay(client) }

// DelayNoSession does the same for the answer that there is no session.
func (s *Server) DelayNoSession(client string) { s.noSessions.delay(client) }

func (p *pace) delay(client string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.longest = time.Hour
	p.next.Add(client, time.Now().Add(time.Hour))
}

// DelayNothing turns the delays off, for tests that cause many refusals.
func (s *Server) DelayNothing() { s.refusals.every, s.noSessions.every = 0, 0 }

// BodyBytes returns how many bytes of request bodies are in memory.
func (s *Server) BodyBytes() int { return s.strangers.Taken() + s.members.Taken() }

// RenewSession reads the session of r, calls meanwhile, and renews the session as a password
// reset does. It reports whether there is a new session.
func (s *Server) RenewSession(r *http.Request, meanwhile func()) (renewed bool, err error) {
	live, err := s.sessions.Read(r)
	if err != nil {
		return false, err
	}
	meanwhile()
	err = s.tx(r, "test", func(tx *store.Tx) error {
		next, err := s.renew(r, tx, live)
		renewed = next != nil
		return err
	})
	return renewed, err
}

// MaintainKeys looks at the running instances and the signing keys, as happens every few
// seconds.
func MaintainKeys(s *Server, ctx context.Context) error { return s.maintainKeys(ctx) }
