package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"vestibule/store"
	"vestibule/store/db"
)

// triggerCheck looks with each beat whether the database still tells of the ends of sessions.
// A person, or a tool that copies data, may have dropped or disabled the triggers.
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
			"setting", "DATABASE_URL", "error", fault.Error(), "cure", triggerCure(fault, c.store.Engine()))
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

func triggerCure(fault *db.TriggerFault, engine string) string {
	var steps []string
	if len(fault.Missing) > 0 {
		steps = append(steps, fmt.Sprintf("run the CREATE TRIGGER statements of migrations/%s/00021_session_notify.sql for those that are missing", engine))
	}
	for _, name := range fault.Off {
		table := "session"
		if name == "session_user_changed" {
			table = `"user"`
		}
		steps = append(steps, fmt.Sprintf("run ALTER TABLE %s ENABLE TRIGGER %s", table, name))
	}
	return strings.Join(steps, "; ")
}
