package daemon

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"vestibule/store"
	"vestibule/store/db"
)

// triggerCheck looks with each beat whether the database still tells of the ends of sessions.
// A person, or a tool that copies data, may have dropped, disabled or replaced the triggers.
type triggerCheck struct {
	store *store.Store
	log   *slog.Logger

	mu   sync.Mutex
	last *db.TriggerFault // of the last beat
}

// after returns a beat that checks the triggers too. It does not if the database has a fault
// anyway: each further call would wait for it.
func (c *triggerCheck) after(beat func(context.Context, string, time.Time) error) func(context.Context, string, time.Time) error {
	return func(ctx context.Context, instance string, now time.Time) error {
		if err := beat(ctx, instance, now); err != nil {
			return err
		}
		err := c.store.CheckTriggers(ctx)
		fault, found := errors.AsType[*db.TriggerFault](err)
		if err != nil && !found {
			return err
		}
		c.note(fault)
		return nil
	}
}

// note remembers the fault, and logs if it has changed.
func (c *triggerCheck) note(fault *db.TriggerFault) {
	c.mu.Lock()
	before := c.last
	c.last = fault
	c.mu.Unlock()
	switch {
	case fault == nil && before != nil:
		c.log.Info("the triggers on sessions work again", "setting", "DATABASE_URL")
	case fault != nil && (before == nil || before.Error() != fault.Error()):
		c.log.Error("the database does not tell of the ends of sessions: each request queries its session, open streams are checked twice a second, and /healthz fails",
			"setting", "DATABASE_URL", "error", fault.Error(), "cure", "run "+c.store.TriggerCure(fault))
	}
}

// check returns the fault of the last beat.
func (c *triggerCheck) check(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil {
		return c.last
	}
	return nil
}
