package daemon

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

// openStore opens the database and checks that its schema fits this version. If MIGRATE
// allows it, openStore first applies pending migrations.
func openStore(ctx context.Context, c *settings.Settings, log *slog.Logger) (*store.Store, error) {
	st, err := store.OpenWith(ctx, c.Database.URL, db.Options{MaxConnections: c.Database.MaxConnections})
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
	st.OnListening(logListening(log))
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
	return st, nil
}

// logListening logs when notifications of other instances cease to arrive, and when they
// arrive again.
func logListening(log *slog.Logger) func(is bool, cause error) {
	failed := false
	return func(is bool, cause error) {
		switch {
		case is && failed:
			log.Info("PostgreSQL's notifications arrive again")
		case !is && !failed:
			log.Warn("PostgreSQL's notifications do not arrive: each request queries its session, and open streams are checked twice a second. If a pooler is in between, set DATABASE_LISTEN_URL to a direct connection",
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
	applied, err := MigrateToLatest(ctx, st)
	for _, m := range applied {
		log.Info("migration applied", "migration", m.Name)
	}
	return err
}
