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

// The database is tried in the background and not when somebody asks: /readyz must
// answer while a disk hangs, and who asks it often must not cost anything.
const (
	beatEvery  = 5 * time.Second
	beatAgain  = time.Second     // after a failure
	beatLimit  = 7 * time.Second // one that takes longer has failed: the store gives up after 5
	beatTidy   = 10 * time.Minute
	leaveLimit = time.Second
)

var errBeatHangs = errors.New("the database has not answered; is its disk hung?")

// pulse knows whether this instance can use the database: by writing a row of its own.
type pulse struct {
	log      *slog.Logger
	instance string
	beat     func(ctx context.Context, instance string, now time.Time) error
	tidy     func(ctx context.Context, instance string, now time.Time) error

	mu      sync.Mutex
	started time.Time // of the beat under way; zero between beats
	last    error
	first   chan struct{} // closed after the first beat
}

func newPulse(db *store.Store, log *slog.Logger) *pulse {
	return &pulse{log: log, instance: "ins_" + rand.Text(), beat: db.Beat, tidy: db.EndBeat, first: make(chan struct{})}
}

// run beats until ctx ends, and then deletes the row.
func (p *pulse) run(ctx context.Context) {
	var tidied time.Time
	for first := true; ; first = false {
		err := p.once(ctx)
		if first {
			close(p.first)
		}
		pause := beatEvery
		if err != nil {
			pause = beatAgain
		} else if time.Since(tidied) > beatTidy {
			tidied = time.Now()
			_ = p.tidy(ctx, "", tidied.UTC()) // the next one tries again
		}
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveLimit)
			defer cancel()
			_ = p.tidy(ctx, p.instance, time.Now().UTC()) // or whoever comes next does
			return
		case <-time.After(pause):
		}
	}
}

func (p *pulse) once(ctx context.Context) error {
	p.mu.Lock()
	p.started = time.Now()
	p.mu.Unlock()
	err := p.beat(ctx, p.instance, time.Now().UTC())
	if ctx.Err() != nil {
		return nil
	}
	p.mu.Lock()
	before := p.last
	p.started, p.last = time.Time{}, err
	p.mu.Unlock()
	switch {
	case err != nil && before == nil:
		p.log.Error("the database cannot be used: /readyz fails", "setting", "DATABASE_URL", "error", settings.OneLine(err.Error()), "cure", beatCure(err))
	case err == nil && before != nil:
		p.log.Info("the database can be used again")
	}
	return err
}

// ask returns what the last beat found. The first one is waited for.
func (p *pulse) ask(ctx context.Context) error {
	select {
	case <-p.first:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil && !p.started.IsZero() && time.Since(p.started) > beatLimit {
		return errBeatHangs
	}
	if p.last != nil {
		return fmt.Errorf("write: %w", p.last)
	}
	return nil
}

func beatCure(err error) string {
	switch {
	case errors.Is(err, db.ErrReplaced):
		return "restart vestibule; to restore a backup, stop it first"
	case errors.Is(err, db.ErrBehind):
		return "run vestibule migrate up"
	default:
		return "check the database's disk, permissions and health"
	}
}
