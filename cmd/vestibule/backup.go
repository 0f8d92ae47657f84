package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

func backup(ctx context.Context, p *program, c *settings.Settings) error {
	if err := onlySQLite(c); err != nil {
		return err
	}
	path := p.given.args[0]
	if path == "" || path == "-" {
		return usageError("backup needs the name of a file: the copy is verified before it gets that name, so it cannot go to a pipe")
	}
	if err := databaseExists(c); err != nil {
		return err
	}
	st, err := p.openStore(ctx, c) // also of another version: a backup is what one wants before an update
	if err != nil {
		return c.Database.Failure(err)
	}
	err = st.Backup(ctx, path, db.BackupOptions{Replace: p.given.has("replace"), Progress: p.progress()})
	if err != nil {
		_ = st.Close()
		return backupRefusal(path, c, err)
	}
	info, err := os.Stat(path)
	if err = errors.Join(err, st.Close()); err != nil {
		return err
	}
	p.note("%s is written and verified: %s", path, megabytes(info.Size()))
	p.note("it does not hold the secret: keep a copy of %s in another place", secretPlace(c))
	return nil
}

func restore(ctx context.Context, p *program, c *settings.Settings) error {
	if err := onlySQLite(c); err != nil {
		return err
	}
	path, ended := p.given.args[0], int64(0)
	done, err := db.Restore(ctx, path, c.Database.URL, db.RestoreOptions{
		Progress:   p.progress(),
		OnLockWait: p.sayWait,
		Prepare: func(ctx context.Context, d *db.DB) (err error) {
			e := operatorEvent(store.EventRestored)
			e.Detail += ", from " + filepath.Base(path)
			if p.given.has("keep-sessions") {
				return store.New(d).Record(ctx, e)
			}
			ended, err = store.New(d).EndAllSessions(ctx, e)
			return err
		},
	})
	if err != nil && done.Aside != "" {
		return refusal("the restore has failed (" + settings.OneLine(err.Error()) + "), and the database that was there is now " + done.Aside + "; run vestibule restore again")
	}
	if err != nil {
		return restoreRefusal(path, c, err)
	}
	if done.Aside != "" {
		p.note("the database that was there is now %s", done.Aside)
	}
	for _, name := range done.Migrations {
		p.note("applied %s", name)
	}
	p.note("%s is restored and verified; %s", c.Database.SQLite, endedSessions(int(ended)))
	p.note("users, passwords, clients and signing keys are as they were when the backup was made; the secret must be the one of that time")
	return nil
}

// secretPlace names where the secret is.
func secretPlace(c *settings.Settings) string {
	if path := c.Database.SecretFile(); fileExists(path) {
		return path
	}
	return "BETTER_AUTH_SECRET"
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// onlySQLite refuses PostgreSQL, which has its own tools.
func onlySQLite(c *settings.Settings) error {
	if c.Database.SQLite != "" {
		return nil
	}
	return settings.Failure{Fault: settings.Fault{
		Setting: "DATABASE_URL",
		Problem: "is PostgreSQL, and this command is for SQLite",
		Cure:    "use pg_dump and pg_restore; see Backup and restore in docs/operations.md",
	}}
}

// progress returns a function that prints what a long command does: each new step at once when
// the file is large, and then every two seconds.
func (p *program) progress() func(step string, done, total int64) {
	const large, every = 64 << 20, 2 * time.Second
	var last string
	var printed time.Time
	return func(step string, done, total int64) {
		if total < large || step == last && time.Since(printed) < every {
			return
		}
		last, printed = step, time.Now()
		if done == 0 {
			fmt.Fprintf(p.stderr, "vestibule: %s %s\n", step, megabytes(total))
			return
		}
		fmt.Fprintf(p.stderr, "vestibule: %s %s of %s\n", step, megabytes(done), megabytes(total))
	}
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// backupRefusal returns the message for an error of a backup.
func backupRefusal(path string, c *settings.Settings, err error) error {
	switch {
	case errors.Is(err, db.ErrFileExists):
		return refusal(path + " exists; name another file, or replace it with --replace")
	case errors.Is(err, db.ErrInUse):
		return refusal(path + " belongs to a database in use, which the backup would destroy; name another file")
	case errors.Is(err, db.ErrLogBeside):
		return refusal("the backup cannot be written (" + settings.OneLine(err.Error()) + ", and a restore of the backup would read it); name another file, or delete the log")
	case errors.Is(err, db.ErrForeign):
		return refusal(c.Database.SQLite + " has no tables of vestibule, so there is nothing to back up")
	case errors.Is(err, db.ErrDamaged):
		return refusal("the database " + c.Database.SQLite + " is damaged, and nothing was written (" + settings.OneLine(err.Error()) +
			"); restore an earlier backup, or save what can be read with the .recover command of sqlite3")
	}
	return fileRefusal("the backup cannot be written", "", c, err)
}

// restoreRefusal returns the message for an error of a restore.
func restoreRefusal(path string, c *settings.Settings, err error) error {
	unchanged := "; " + c.Database.SQLite + " was not changed"
	switch {
	case errors.Is(err, db.ErrInUse):
		return refusal("another process uses a file of the restore (" + settings.OneLine(err.Error()) + "); stop every vestibule process and every other program that has it open" + unchanged)
	case errors.Is(err, db.ErrItself):
		return refusal(path + " is the database itself; name a backup of it" + unchanged)
	case errors.Is(err, db.ErrForeign):
		return refusal(path + " is not a backup of vestibule; name a file that vestibule backup has written" + unchanged)
	case errors.Is(err, db.ErrDamaged):
		return refusal(path + " is damaged (" + settings.OneLine(err.Error()) + "); use an earlier backup" + unchanged)
	case errors.Is(err, db.ErrAhead):
		return refusal(path + " was made by a later version of vestibule; restore it with that version" + unchanged)
	}
	return fileRefusal("the backup cannot be restored", unchanged, c, err)
}

// fileRefusal is the message for an error of the file system or, if it is none, the database.
func fileRefusal(what, state string, c *settings.Settings, err error) error {
	var at *fs.PathError
	var link *os.LinkError
	if errors.As(err, &at) || errors.As(err, &link) {
		return refusal(what + " (" + settings.OneLine(err.Error()) + ")" + state)
	}
	return c.Database.Failure(err)
}
