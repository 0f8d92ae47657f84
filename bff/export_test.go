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

// PruneEvents and PruneBatch are what the hourly clean-up does to the audit trail,
// and how much at a time.
func PruneEvents(s *Server, ctx context.Context) error {
	return db.InBatches(ctx, func() (bool, error) { return s.pruneEvents(ctx) })
}

const PruneBatch = pruneBatch

func PruneRemains(s *Server, ctx context.Context) error {
	return db.InBatches(ctx, func() (bool, error) { return s.pruneRemains(ctx) })
}

// Prune does all of the hourly clean-up once.
func Prune(s *Server, ctx context.Context) error {
	for _, job := range s.pruned() {
		if err := db.InBatches(ctx, func() (bool, error) { return job.Batch(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// TrimSessions does what a start with this SESSIONS_PER_USER would do.
func TrimSessions(ctx context.Context, s *Server, n int) error {
	lower := &Server{cfg: s.cfg, store: s.store, now: s.now}
	lower.cfg.SessionsPerUser = n
	_, err := lower.trimSessions(ctx)
	return err
}

// BelieveFor has s believe what it has read of a session for so long, whatever is
// written to the database meanwhile.
func (s *Server) BelieveFor(d time.Duration) { s.sessions.Recheck, s.sessions.Version = d, nil }

// BodiesTaken says how many bytes of bodies are in memory.
func (s *Server) BodiesTaken() (strangers, members int) {
	return s.strangers.Taken(), s.members.Taken()
}

// busy is a room for passwords that is full.
type busy struct {
	hasher
	err error
}

func (b busy) Hash(context.Context, password.Share, string) (string, error) { return "", b.err }

func (b busy) Verify(context.Context, password.Share, string, string) (ok, rehash bool, err error) {
	return false, false, b.err
}

func (b busy) VerifyNone(context.Context, password.Share, string) error { return b.err }

// FillPasswordRoom has every computation of a password refused until it is emptied, as
// if others had filled the room, or the asker had.
func (s *Server) FillPasswordRoom(byAsker bool) (empty func()) {
	before, why := s.passwords, fair.ErrAll
	if byAsker {
		why = fair.ErrKey
	}
	s.passwords = busy{before, fmt.Errorf("%w: %w", password.ErrBusy, why)}
	return func() { s.passwords = before }
}

// watched is a hasher that tells for whom it works.
type watched struct {
	hasher
	tell func(user, address, network string)
}

func (w watched) Hash(ctx context.Context, share password.Share, pw string) (string, error) {
	w.tell(share.User, share.Address, share.Network)
	return w.hasher.Hash(ctx, share, pw)
}

func (w watched) Verify(ctx context.Context, share password.Share, pw, phc string) (ok, rehash bool, err error) {
	w.tell(share.User, share.Address, share.Network)
	return w.hasher.Verify(ctx, share, pw, phc)
}

func (w watched) VerifyNone(ctx context.Context, share password.Share, pw string) error {
	w.tell(share.User, share.Address, share.Network)
	return w.hasher.VerifyNone(ctx, share, pw)
}

// WatchAskers has tell called for each computation of a password.
func (s *Server) WatchAskers(tell func(user, address, network string)) {
	s.passwords = watched{s.passwords, tell}
}

// interrupted is a hasher during whose work something else happens.
type interrupted struct {
	hasher
	by func()
}

func (i interrupted) Verify(ctx context.Context, share password.Share, pw, phc string) (ok, rehash bool, err error) {
	ok, rehash, err = i.hasher.Verify(ctx, share, pw, phc)
	i.by()
	return ok, rehash, err
}

// InterruptVerify has by happen while a password is verified, until it is undone.
func (s *Server) InterruptVerify(by func()) (undo func()) {
	before := s.passwords
	s.passwords = interrupted{before, by}
	return func() { s.passwords = before }
}

// Crowd takes all places of a client's requests, and all in the line, until it is told
// to leave: of those that present the cookie, or none where that is "".
func (s *Server) Crowd(client, cookie string) (leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var waiting sync.WaitGroup
	r := &http.Request{Header: http.Header{"Cookie": {cookie}}}
	for _, kind := range []string{kindRead, kindWrite, kindToken} {
		t := s.newAdmission(kind, r)
		if t.client = client; cookie != "" && t.session == "" {
			continue // of services
		}
		for range workPerClient + workQueuePerClient {
			waiting.Go(func() {
				for ctx.Err() == nil { // who has waited in vain comes back
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

// Crowded is how many requests Crowd holds or has waiting, and CrowdedInSession those
// with a cookie.
const (
	Crowded          = 3 * (workPerClient + workQueuePerClient)
	CrowdedInSession = 2 * (workPerClient + workQueuePerClient)
)

// FillSessions has the sessions of a client as many requests in work as they may have.
func (s *Server) FillSessions(client string) (leave func()) {
	leave, err := s.inSession.Enter(context.Background(), client, sessionsPerClient)
	if err != nil {
		panic(err)
	}
	return leave
}

// Strange takes all places of what a client asks of the database as a stranger.
func (s *Server) Strange(client string) (leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var waiting sync.WaitGroup
	for range lookupsPerClient + lookupQueuePerClient {
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

// Stranger is how many of them there are.
const Stranger = lookupsPerClient + lookupQueuePerClient

// InWork, Asking and Late are how many requests have or wait for a place of each kind.
func (s *Server) InWork() int { return load(s.work) }
func (s *Server) Asking() int { return load(s.lookups) }
func (s *Server) Late() int   { return load(s.delayed) }

func load(r *fair.Room) int {
	taken, waiting := r.Load()
	return taken + waiting
}

// RefuseOften has a client been refused so often that it is answered late, and
// TellOftenOfNoSession the same of that it has no session. Late is an hour here: the tests
// do not wait for it.
func (s *Server) RefuseOften(client string) { s.refusals.hurry(client) }

func (s *Server) TellOftenOfNoSession(client string) { s.noSessions.hurry(client) }

func (p *pace) hurry(client string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.longest = time.Hour
	p.next.Add(client, time.Now().Add(time.Hour))
}

// TellAtOnce has no client answered late, for tests of many refusals that do not wait for
// them.
func (s *Server) TellAtOnce() { s.refusals.every, s.noSessions.every = 0, 0 }

// Bodies is how many bytes of bodies are in memory.
func (s *Server) Bodies() int { return s.strangers.Taken() + s.members.Taken() }

// RenewAfter reads the session of r, calls meanwhile, and renews the session as a password
// reset does. It reports whether there is a new session.
func (s *Server) RenewAfter(r *http.Request, meanwhile func()) (renewed bool, err error) {
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
