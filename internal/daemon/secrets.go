package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"vestibule/internal/jose"
	"vestibule/internal/secrets"
	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

// secretCheck compares the secrets of this process with those of the other running ones, at
// the start and with each beat. The start should find everything. But a process of an earlier
// version may start at the same moment, one whose row has expired while it could not reach
// the database comes back, and one that starts while the database can only be read has no row.
type secretCheck struct {
	store *store.Store
	log   *slog.Logger
	mine  db.Instance

	// claimed: this process has claimed the sessions of a SQLite file, so every other BFF has
	// ended, and the row of one only says that it was killed.
	claimed bool

	mu   sync.Mutex
	last secrets.Misfits // of the last beat
}

func newSecretCheck(c *settings.Settings, at *listeners, st *store.Store, log *slog.Logger) (*secretCheck, error) {
	s := &secretCheck{store: st, log: log, claimed: !st.Shared() && at.bff != nil}
	if at.bff != nil || c.API.Algorithm == jose.HS256 { // an API with public keys uses no secret
		var err error
		if s.mine, err = secrets.Held(c.Secret, c.PreviousSecrets()); err != nil {
			return nil, err
		}
		if at.bff == nil {
			s.mine.Signs = ""
		}
	}
	s.mine.Known = true
	return s, nil
}

// needed reports whether this process has a secret.
func (s *secretCheck) needed() bool { return len(s.mine.Accepts) > 0 }

// compare compares the secrets with those of the running processes.
func (s *secretCheck) compare(running []db.Instance) secrets.Misfits {
	if s.claimed {
		running = slices.DeleteFunc(slices.Clone(running), func(i db.Instance) bool { return i.Signs != "" })
	}
	return secrets.Compare(s.mine, running)
}

// join writes the first row of this process, unless its secrets do not fit.
func (s *secretCheck) join(ctx context.Context, c *settings.Settings, instance string) error {
	var refused error
	fits := func(others []db.Instance) error {
		refused = nil
		if f, misfit := misfitFault(s.compare(others)); misfit {
			refused = settings.Failure{Fault: f}
		}
		return refused
	}
	now := time.Now().UTC()
	err := s.store.Join(ctx, instance, s.mine, now, fits)
	if refused == nil && errors.Is(err, store.ErrUnavailable) {
		// A database that can only be read still serves reads. A beat writes the row later.
		var others []db.Instance
		if others, err = s.store.Instances(ctx, now); err == nil {
			err = fits(others)
		}
	}
	switch {
	case refused != nil:
		return refused
	case err != nil:
		return c.Database.Failure(err)
	}
	return nil
}

// beat is a beat of the database that compares the secrets too.
func (s *secretCheck) beat(ctx context.Context, instance string, now time.Time) error {
	if err := s.store.Beat(ctx, instance, now); err != nil || !s.needed() {
		return err
	}
	running, err := s.store.Instances(ctx, now)
	if err == nil {
		s.note(s.compare(running))
	}
	return err
}

// note remembers the misfits, and logs if they have changed.
func (s *secretCheck) note(m secrets.Misfits) {
	s.mu.Lock()
	before := s.last
	s.last = m
	s.mu.Unlock()
	if m == before {
		return
	}
	if f, misfit := misfitFault(m); misfit {
		s.log.Warn("the secrets of the running processes do not fit together: /healthz fails", "setting", f.Setting, "error", f.Setting+" "+f.Problem, "cure", f.Cure)
	} else {
		s.log.Info("the secrets of the running processes fit together again", "setting", "BETTER_AUTH_SECRET")
	}
}

// check returns the misfit of the last beat.
func (s *secretCheck) check(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, misfit := misfitFault(s.last); misfit {
		return f
	}
	return nil
}

// misfitFault returns the text for an operator who has left out a step.
func misfitFault(m secrets.Misfits) (f settings.Fault, misfit bool) {
	f.Setting = "BETTER_AUTH_SECRET"
	switch {
	case m.Refuse > 0:
		f.Problem = fmt.Sprintf("is unknown to %d of the running processes on this database, so they refuse what it signs", m.Refuse)
		f.Cure = "first restart all of them with their own secret as BETTER_AUTH_SECRET and this one as BETTER_AUTH_SECRET_PREVIOUS, or stop them all"
	case m.Differ > 0:
		f.Problem = fmt.Sprintf("and BETTER_AUTH_SECRET_PREVIOUS are not the secret with which %d of the running processes on this database sign", m.Differ)
		f.Cure = "set BETTER_AUTH_SECRET_PREVIOUS to that secret until all of them sign with the new one, or stop them all"
	default:
		return settings.Fault{}, false
	}
	f.Cure += ". A process that was killed counts for a minute"
	return f, true
}
