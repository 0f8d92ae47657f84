package daemon

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

// openStore opens the database and checks that its schema fits this version. If MIGRATE
// allows it, openStore first applies pending migrations.
func openStore(ctx context.Context, c *settings.Settings, metrics prometheus.Registerer, log *slog.Logger) (*store.Store, error) {
	st, err := store.OpenWith(ctx, c.Database.URL, db.Options{
		MaxConnections: c.Database.MaxConnections,
		Metrics:        metrics,
		OnLockWait: func(w db.LockWait) {
			log.Warn("the start waits for another process", "setting", "DATABASE_URL", "wait", w.String())
		},
	})
	if err != nil {
		return nil, c.Database.Failure(err)
	}
	if c.Database.ListenURL != "" {
		if err := st.ListenAt(c.Database.ListenURL); err != nil {
			return nil, errors.Join(err, st.Close())
		}
	}
	st.OnUnreadable(func(u *db.Unreadable) {
		log.Warn("a row cannot be read and is left out", "table", u.Table, "id", u.ID, "column", u.Column)
	})
	st.OnListening(logListening(log, c.Database.ListenURL != ""))
	prepareSchema := checkSchema
	if c.Migrate {
		prepareSchema = applyPending
	}
	for _, n := range db.URLNotes(c.Database.URL) {
		level := slog.LevelInfo
		if n.Weaker {
			level = slog.LevelWarn
		}
		log.Log(ctx, level, n.Parameter+" in the database's URL "+n.Effect, "setting", "DATABASE_URL")
	}
	if err := prepareSchema(ctx, st, log); err != nil {
		return nil, c.Database.Failure(errors.Join(err, st.Close()))
	}
	if err := noteLaterVersion(ctx, st, log); err != nil {
		return nil, c.Database.Failure(errors.Join(err, st.Close()))
	}
	return st, nil
}

// noteLaterVersion logs that this version uses the schema of a later one. That is normal
// during a rolling update, and worth knowing after it.
func noteLaterVersion(ctx context.Context, st *store.Store, log *slog.Logger) error {
	status, err := st.MigrationStatus(ctx)
	if later := LaterVersion(status); err == nil && later > 0 {
		log.Info("a later version of vestibule has migrated the database, compatibly with this version", "schema", later, "own_schema", db.SchemaVersion(status))
	}
	return err
}

// logListening logs when notifications of other instances cease to arrive, and when they
// arrive again. own says whether DATABASE_LISTEN_URL is set.
func logListening(log *slog.Logger, own bool) func(is bool, cause error) {
	failed, heard := false, false
	cure := "if a pooler is in between, set DATABASE_LISTEN_URL to a direct connection"
	if own {
		cure = "DATABASE_LISTEN_URL must lead to the same database as DATABASE_URL, without a pooler"
	}
	return func(is bool, cause error) {
		heard = heard || is
		switch {
		case is && failed:
			log.Info("PostgreSQL's notifications arrive again")
		case !is && !failed:
			costs := "each request queries its session, and open streams are checked twice a second; "
			if own || heard || !errors.Is(cause, db.ErrSilent) { // otherwise DATABASE_URL is a pooler, which works
				costs += "if it lasts, /healthz fails; "
			}
			log.Warn("PostgreSQL's notifications do not arrive: "+costs+cure,
				"setting", "DATABASE_LISTEN_URL", "error", settings.OneLine(cause.Error()))
		}
		failed = !is
	}
}

// claimTimeout is how long to wait for the claim of another process, besides DRAIN_DELAY.
// That is the longest time that a process needs to stop after its load balancers know.
const claimTimeout = drainTime + endTime + 2*time.Second

// claimSessions ensures that no other process uses the sessions of the same SQLite
// file. Otherwise another process could end a session, and this process would still
// accept it from its cache.
func claimSessions(ctx context.Context, c *settings.Settings, db *store.Store, log *slog.Logger) error {
	atMost := c.DrainDelay + claimTimeout
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	err := db.ClaimSessions(ctx, func() {
		log.Info("waiting for another process on this database to stop", "setting", "DATABASE_URL", "at_most", atMost.String())
	})
	if err != nil {
		return c.Database.Failure(err)
	}
	return nil
}

func checkSchema(ctx context.Context, db *store.Store, _ *slog.Logger) error {
	return db.CheckMigrated(ctx)
}

func applyPending(ctx context.Context, st *store.Store, log *slog.Logger) error {
	if err := st.CheckMigrated(ctx); !errors.Is(err, db.ErrBehind) {
		return err
	}
	log.Info("applying pending migrations", "setting", "MIGRATE")
	st.OnLockWait(func(w db.LockWait) { log.Warn("a migration waits", "setting", "MIGRATE", "wait", w.String()) })
	applied, err := st.ApplyPending(ctx)
	for _, name := range applied {
		log.Info("migration applied", "migration", name)
	}
	return err
}
