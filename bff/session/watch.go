package session

import (
	"context"
	"sync"
	"time"

	"vestibule/store/db"
)

// watcher passes what other processes do to sessions on to the cache and the exchanges.
type watcher struct{ s *Sessions }

var _ db.SessionWatcher = watcher{}

// Ended implements db.SessionWatcher.
func (w watcher) Ended(hash string) { w.s.forget(hash) }

// Changed implements db.SessionWatcher.
func (w watcher) Changed(hash string) {
	w.s.cache.remove(hash)
	if w.s.exchanges.doubt(hash) {
		w.s.sweepSoon()
	}
}

// AllEnded implements db.SessionWatcher.
func (w watcher) AllEnded() {
	w.s.cache.clear()
	w.s.exchanges.doubtAll()
	w.s.sweepSoon()
}

// Listening implements db.SessionWatcher.
func (w watcher) Listening() { w.s.sweepSoon() }

// Run ends streams whose session has ended, until ctx ends. It also learns what other
// processes do to sessions.
func (s *Sessions) Run(ctx context.Context) {
	var watching sync.WaitGroup
	watching.Go(func() { s.store.WatchSessions(ctx, watcher{s}) })
	defer watching.Wait()
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.sweeps:
		}
		s.sweep(ctx)
	}
}

// sweepSoon makes Run sweep now.
func (s *Sessions) sweepSoon() {
	select {
	case s.sweeps <- struct{}{}:
	default:
	}
}

// sweep ends the long exchanges of ended sessions. It queries the database for those whose
// session may have ended without our knowledge. If the query fails, only expired sessions
// end.
func (s *Sessions) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sweepInterval)
	defer cancel()
	version := s.version(ctx)
	queried := s.exchanges.doubtful(s.Now(), version)
	var live map[string]time.Time
	if len(queried) > 0 {
		var err error
		if live, err = s.store.LiveSessions(ctx, queried, s.now()); err != nil {
			queried = nil
		}
	}
	for _, hash := range queried {
		if _, ok := live[hash]; !ok {
			s.cache.remove(hash)
		}
	}
	s.exchanges.settle(queried, live, version, s.Now())
}

// unknown is the version while none is known.
const unknown = -1

// version returns Version, or unknown if earlier reads may be out of date.
func (s *Sessions) version(ctx context.Context) int64 {
	if s.Version == nil {
		return unknown
	}
	version, err := s.Version(ctx)
	if err != nil {
		return unknown
	}
	return version
}
