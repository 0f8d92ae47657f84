// Package daemon runs the BFF, the task API or both, with an admin server for
// probes: it opens the listeners and the database, puts the sides together, and
// stops them in order.
package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"vestibule/internal/settings"
)

// Run runs the BFF, the task API or both, whichever c has an address for,
// until ctx ends. The log goes to stderr.
func Run(ctx context.Context, c *settings.Settings, stdout, stderr io.Writer) error {
	log := newLogger(stderr, c)
	log.LogAttrs(ctx, slog.LevelDebug, "settings given", c.AsGiven...)
	// The listeners come first: a second start by mistake must fail before it
	// touches the database.
	at, err := openListeners(ctx, c)
	if err != nil {
		return err
	}
	defer at.close()
	if err := c.ReadSecretFile(); err != nil {
		return err // before anything is made or changed
	}
	db, err := openStore(ctx, c, log)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	defer db.Close()
	if at.bff != nil {
		if err := claimSessions(ctx, c, db, log); err != nil {
			return unlessStopped(ctx, err)
		}
	}
	if err := c.CreateSecret(log); err != nil {
		return err
	}
	process, err := compose(ctx, c, at, db, log)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	announce(stdout, c, at, log)
	return process.run(ctx)
}

// unlessStopped returns err, or nil where start has failed because the process
// was asked to stop.
func unlessStopped(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// listeners are the servers of this process; the BFF's or the API's is nil
// where it does not run.
type listeners struct {
	bff, api, admin *server
}

func openListeners(ctx context.Context, c *settings.Settings) (*listeners, error) {
	at := &listeners{}
	for _, l := range []struct {
		server           **server
		surface, setting string
		address          string
	}{
		{&at.bff, "bff", "BFF_ADDR", c.BFFAddr},
		{&at.api, "api", "API_ADDR", c.APIAddr},
		{&at.admin, "admin", "ADMIN_ADDR", c.AdminAddr},
	} {
		if l.address == "" {
			continue
		}
		var err error
		if *l.server, err = listen(ctx, l.surface, l.setting, l.address); err != nil {
			at.close()
			return nil, err
		}
		(*l.server).bounds = connectionBounds(c, l.surface)
	}
	return at, nil
}

// all returns the servers there are.
func (at *listeners) all() []*server {
	var all []*server
	for _, s := range []*server{at.bff, at.api, at.admin} {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

// close frees the addresses of listeners that may not have been served yet.
func (at *listeners) close() {
	for _, s := range at.all() {
		_ = s.listener.Close() // after serving it is closed already
	}
}
