package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"vestibule/store"
	"vestibule/store/db"
)

// database is where the data lives.
type database struct {
	url    string // as given; it may hold a password
	sqlite string // the path of a SQLite file; "" on PostgreSQL
}

// databaseURL tells the two databases apart; the rest of the URL is read by
// package store.
func (c *checker) databaseURL(v string) database {
	const forms = "write sqlite:PATH or postgres://user:password@host/name"
	path, isSQLite := strings.CutPrefix(v, "sqlite:")
	switch {
	case isSQLite && strings.HasPrefix(path, "//"):
		c.refuse("", mistake{"has slashes after sqlite:, which would be the root of the file system", "write sqlite:data/vestibule.db or sqlite:/var/lib/vestibule.db"})
	case isSQLite && (path == "" || strings.HasSuffix(path, "/")):
		c.refuse("", mistake{"names no file", "write sqlite:PATH, like sqlite:data/vestibule.db"})
	case isSQLite && (strings.HasPrefix(path, ":") || strings.HasPrefix(path, "file:") || strings.ContainsAny(path, "?\x00")):
		c.refuse("", mistake{"is not a plain path", "write sqlite:PATH, like sqlite:data/vestibule.db, without options"})
	case isSQLite && unexpanded(path, "") != nil:
		c.refuse("", *unexpanded(path, "sqlite:/var/lib/vestibule.db"))
	case isSQLite:
		return database{url: v, sqlite: filepath.Clean(path)}
	default:
		if !strings.HasPrefix(v, "postgres://") && !strings.HasPrefix(v, "postgresql://") {
			c.refuse("", mistake{"is neither SQLite nor PostgreSQL", forms})
		} else if err := db.CheckURL(v); err != nil {
			c.refuse("", mistake{"cannot be used (" + oneLine(err.Error()) + ")", forms})
		}
	}
	return database{url: v}
}

// openStore opens the database for serving: with the schema that this version
// needs, which it may have to bring it to.
func openStore(ctx context.Context, c *config, log *slog.Logger) (*store.Store, error) {
	st, err := store.Open(ctx, c.database.url)
	if err != nil {
		return nil, databaseFailure(c.database, err)
	}
	st.OnUnreadable(func(u *db.Unreadable) {
		log.Warn("a row cannot be read and is left out", "table", u.Table, "id", u.ID, "column", u.Column)
	})
	bring := checkSchema
	if c.migrate {
		bring = applyPending
	}
	for _, n := range db.URLNotes(c.database.url) {
		level := slog.LevelInfo
		if n.Weaker {
			level = slog.LevelWarn
		}
		log.Log(ctx, level, n.Parameter+" in the database's URL "+n.Effect, "setting", "DATABASE_URL")
	}
	if err := bring(ctx, st, log); err != nil {
		return nil, databaseFailure(c.database, errors.Join(err, st.Close()))
	}
	return st, nil
}

// claimPatience is how long a process that is stopping may keep its claim.
const claimPatience = drainTime + endTime + 2*time.Second

// claimSessions makes sure that no other process ends sessions on a SQLite file
// that this one would go on to believe in.
func claimSessions(ctx context.Context, c *config, db *store.Store, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, claimPatience)
	defer cancel()
	err := db.ClaimSessions(ctx, func() {
		log.Info("waiting for another process on this database to stop", "setting", "DATABASE_URL", "at_most", claimPatience.String())
	})
	if err != nil {
		return databaseFailure(c.database, err)
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
	applied, err := migrateToLatest(ctx, st)
	for _, m := range applied {
		log.Info("migration applied", "migration", m.Name)
	}
	return err
}

// databaseFailure names the setting and the cure for what the store could not do.
func databaseFailure(d database, err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted: %w", err)
	}
	f := failure{fault: fault{setting: "DATABASE_URL"}, cause: err}
	switch {
	case errors.Is(err, db.ErrBehind):
		f.problem = "names a database that is behind this version"
		f.cure = "run vestibule migrate up, or set MIGRATE=true"
	case errors.Is(err, db.ErrAhead):
		f.problem = "names a database that a later version has migrated"
		f.cure = "run that version, or vestibule migrate down with it first"
	case errors.Is(err, db.ErrForeign) && d.sqlite == "":
		f.problem = "names a database in which another program has tables or the like of the same names"
		f.cure = "give vestibule a database or a schema of its own: CREATE SCHEMA vestibule, and then ?search_path=vestibule in the URL or ALTER ROLE … SET search_path = vestibule"
	case errors.Is(err, db.ErrEncoding):
		f.problem = "names a database that cannot hold every letter"
		f.cure = "make another one with createdb --encoding=UTF8 --template=template0, and move what is in this one with pg_dump"
	case errors.Is(err, db.ErrNoSchema):
		f.problem = "names a database without the right schema"
		f.cure = "begin search_path with the schema that has vestibule's tables, in the URL or by ALTER ROLE … SET search_path; where there is none yet, CREATE SCHEMA"
	case errors.Is(err, db.ErrForbidden):
		f.problem = "names a database in which this user may not do what is needed"
		f.cure = "give the user a schema of its own, CREATE SCHEMA vestibule AUTHORIZATION …, and begin search_path with it; or GRANT CREATE ON SCHEMA, and for what others have made SELECT, INSERT, UPDATE and DELETE"
	case errors.Is(err, db.ErrParameter):
		f.problem = "has a parameter that cannot be used"
		f.cure = "remove it from the URL; a setting like search_path is set by ALTER ROLE … SET instead where a pooler refuses it"
	case errors.Is(err, db.ErrForeign):
		f.problem = "names a file that another program keeps"
		f.cure = "set DATABASE_URL to a file of its own; " + d.sqlite + " was left as it is"
	case errors.Is(err, db.ErrClaimed):
		f.problem = "names a database that another vestibule serves already"
		f.cure = "stop that one, or use PostgreSQL, which any number may share"
	case errors.Is(err, db.ErrOtherName):
		f.problem = "names a file that another vestibule has open by another name, a hard link or a mount of the file alone"
		f.cure = "use one name, or mount the folder: SQLite keeps its log beside the name, and two logs damage the file"
	case errors.Is(err, db.ErrOtherFile):
		f.problem = "names a file that was put in the place of one that a vestibule still has open"
		f.cure = "stop that one first; to restore a backup, stop it before"
	case d.sqlite != "":
		f.problem = "names a database that cannot be used"
		f.cure = "make " + d.sqlite + " and its folder writable for this user, or set DATABASE_URL to another file"
	case errors.Is(err, store.ErrUnavailable):
		f.problem = "names a database that does not answer"
		f.cure = "start it, or correct the host and port"
	default:
		f.problem = "names a database that cannot be used"
		f.cure = "check the user, the password, the database's name and the options in it"
	}
	return f
}
