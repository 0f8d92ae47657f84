// Package daemon runs the BFF, the task API or both, with an admin server for probes. It
// opens the listeners and the database, connects the BFF with the API, and stops
// everything in order.
package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"vestibule/internal/settings"
	"vestibule/internal/tracing"
	"vestibule/store"
)

// Run runs the BFF, the task API or both until ctx ends. It runs each side that has an
// address in c. Each signal of reload makes it read the files of the settings again; reload may be
// nil. The log goes to stderr.
func Run(ctx context.Context, c *settings.Settings, reload <-chan os.Signal, stdout, stderr io.Writer) error {
	log, level := newLogger(stderr, c)
	log.LogAttrs(ctx, slog.LevelDebug, "settings given", c.AsGiven...)
	// Open the listeners first: if the program is started twice by mistake, the second
	// process must fail before it touches the database.
	at, err := openListeners(ctx, c)
	if err != nil {
		return err
	}
	defer at.close()
	if err := c.ReadSecretFile(); err != nil {
		return err // fail before anything is created or changed
	}
	metrics := newMetrics()
	traces, err := tracing.Start(ctx, c.Tracing, metrics, log)
	if err != nil {
		return err
	}
	// After the database is closed: another process may wait for it, but not for a collector.
	defer traces.Stop()
	db, err := openStore(ctx, c, metrics, log)
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
	measureSchema(ctx, metrics, db)
	process, err := join(ctx, c, at, db, observers{metrics, traces.Tracer()}, log)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	process.admin.level, process.admin.pprof = level, c.Pprof
	announce(stdout, c, at, log)
	reloads := newReloader(c, process.bff, metrics, log)
	go reloads.run(ctx, reload) // nobody waits for it: a file may be on a disk that hangs
	return process.run(ctx)
}

// join makes this process one of the running ones, and composes it. If that fails, it leaves
// no row behind: for a minute the row would keep other processes from starting.
func join(ctx context.Context, c *settings.Settings, at *listeners, db *store.Store, observe observers, log *slog.Logger) (*process, error) {
	secrets, err := newSecretCheck(c, at, db, log)
	if err != nil {
		return nil, err
	}
	heart := newHeartbeat(db, secrets, log)
	triggers := &triggerCheck{store: db, log: log}
	if at.bff != nil { // it keeps sessions in memory
		heart.beat = triggers.after(heart.beat)
	}
	var p *process
	if err = secrets.join(ctx, c, heart.instance); err == nil {
		p, err = compose(ctx, c, at, db, heart, observe, log)
	}
	if err != nil {
		heart.end(ctx)
		return nil, err
	}
	if at.bff != nil {
		p.admin.alerts = append(p.admin.alerts, probe{"triggers", triggers.check})
	}
	if db.Shared() {
		p.admin.alerts = append(p.admin.alerts, probe{"notifications", func(context.Context) error { return db.Notifications() }})
	}
	if secrets.needed() {
		p.admin.alerts = append(p.admin.alerts, probe{"secrets", secrets.check})
	}
	return p, nil
}

// unlessStopped returns err, or nil if the start failed because the process was asked
// to stop.
func unlessStopped(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// listeners holds the servers of this process. Those without an address are nil.
type listeners struct {
	bff, forwardAuth, api, admin *server
}

func openListeners(ctx context.Context, c *settings.Settings) (*listeners, error) {
	at := &listeners{}
	for _, l := range []struct {
		server           **server
		surface, setting string
		address          string
	}{
		{&at.bff, "bff", "BFF_ADDR", c.BFFAddr},
		{&at.forwardAuth, "forward-auth", "FORWARD_AUTH_ADDR", c.ForwardAuthAddr},
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

// all returns the servers that are not nil.
func (at *listeners) all() []*server {
	var all []*server
	for _, s := range []*server{at.bff, at.forwardAuth, at.api, at.admin} {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

// close closes the listeners, including those that were never served.
func (at *listeners) close() {
	for _, s := range at.all() {
		_ = s.listener.Close() // fails if the server has closed it already
	}
}
