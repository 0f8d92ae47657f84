package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

// The heartbeat tests the database in the background, not on each request of a probe:
// probes must be answered while a disk hangs, and frequent polls must cost nothing.
const (
	beatInterval    = 5 * time.Second
	beatRetry       = time.Second     // after a failure
	beatTimeout     = 7 * time.Second // a longer beat has failed; the store gives up after 5 s
	cleanupInterval = 10 * time.Minute
	removeTimeout   = time.Second
)

var errBeatHangs = errors.New("the database has not answered; is its disk hung?")

// heartbeat checks whether this process can write to the database. Each beat writes the
// row of this process.
type heartbeat struct {
	log      *slog.Logger
	instance string
	beat     func(ctx context.Context, instance string, now time.Time) error
	remove   func(ctx context.Context, instance string, now time.Time) error

	mu      sync.Mutex
	started time.Time     // start of the beat in progress; zero between beats
	last    error         // result of the last beat
	first   chan struct{} // closed after the first beat
}

func newHeartbeat(db *store.Store, secrets *secretCheck, log *slog.Logger) *heartbeat {
	return &heartbeat{log: log, instance: "ins_" + rand.Text(), beat: secrets.beat, remove: db.EndBeat, first: make(chan struct{})}
}

// run beats until ctx ends. Then it deletes the row.
func (h *heartbeat) run(ctx context.Context) {
	var cleaned time.Time
	for first := true; ; first = false {
		err := h.once(ctx)
		if first {
			close(h.first)
		}
		pause := beatInterval
		if err != nil {
			pause = beatRetry
		} else if time.Since(cleaned) > cleanupInterval {
			cleaned = time.Now()
			_ = h.remove(ctx, "", cleaned.UTC()) // rows of dead processes; after an error the next cleanup tries again
		}
		select {
		case <-ctx.Done():
			h.end(ctx)
			return
		case <-time.After(pause):
		}
	}
}

// end deletes the row, also after the end of ctx.
func (h *heartbeat) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	_ = h.remove(ctx, h.instance, time.Now().UTC()) // after an error the cleanup of another process removes it
}

// once writes one beat and logs if the result has changed.
func (h *heartbeat) once(ctx context.Context) error {
	h.mu.Lock()
	h.started = time.Now()
	h.mu.Unlock()
	err := h.beat(ctx, h.instance, time.Now().UTC())
	if ctx.Err() != nil {
		return nil
	}
	h.mu.Lock()
	before := h.last
	h.started, h.last = time.Time{}, err
	h.mu.Unlock()
	switch {
	case err != nil && before == nil:
		h.log.Error("the database cannot be used: /healthz fails", "setting", "DATABASE_URL", "error", settings.OneLine(err.Error()), "cure", beatCure(err))
	case err == nil && before != nil:
		h.log.Info("the database can be used again")
	}
	return err
}

// check returns the result of the last beat. It waits for the first beat.
func (h *heartbeat) check(ctx context.Context) error {
	select {
	case <-h.first:
	case <-ctx.Done():
		return ctx.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil && !h.started.IsZero() && time.Since(h.started) > beatTimeout {
		return errBeatHangs
	}
	if h.last != nil {
		return fmt.Errorf("write: %w", h.last)
	}
	return nil
}

func beatCure(err error) string {
	switch {
	case errors.Is(err, db.ErrReplaced):
		return "restart vestibule; to restore a backup, stop it first"
	case errors.Is(err, db.ErrBehind):
		return "run vestibule migrate up"
	case errors.Is(err, db.ErrAhead):
		return "run the later version that has migrated the database, or undo its migrations with its vestibule migrate down"
	case errors.Is(err, db.ErrNoConnection):
		return "raise max_connections of PostgreSQL, or lower DATABASE_MAX_CONNS of the processes that use it"
	default:
		return "check the database's disk, permissions and health"
	}
}
