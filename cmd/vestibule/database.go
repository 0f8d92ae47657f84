package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"vestibule/internal/settings"
	"vestibule/internal/web"
	"vestibule/store"
	"vestibule/store/db"
)

// withData runs f on the database. The database must exist and be migrated: if the path
// is mistyped, a command must not create an empty database there.
func (p *program) withData(ctx context.Context, c *settings.Settings, f func(*store.Store) error) error {
	if err := databaseExists(c); err != nil {
		return err
	}
	st, err := p.openStore(ctx, c)
	if err != nil {
		return c.Database.Failure(err)
	}
	st.OnUnreadable(func(u *db.Unreadable) { fmt.Fprintln(p.stderr, "vestibule: skipped:", u) })
	err = st.CheckMigrated(ctx)
	if err == nil {
		err = f(st)
	}
	closeErr := st.Close()
	var refused refusal
	var usage usageError
	switch {
	case errors.As(err, &refused), errors.As(err, &usage):
		return err
	case errors.Is(err, store.ErrInvalidText):
		return usageError("an argument or an option is not valid text; use UTF-8")
	case err != nil:
		return c.Database.Failure(err)
	}
	return closeErr
}

// databaseExists refuses a SQLite file that is not there.
func databaseExists(c *settings.Settings) error {
	if path := c.Database.SQLite; path != "" {
		if _, err := os.Stat(path); err != nil {
			return settings.Failure{Fault: settings.Fault{Setting: "DATABASE_URL", Problem: "names a file that cannot be opened", Cure: "name the file that vestibule serve uses"}, Cause: err}
		}
	}
	return nil
}

// openStore opens the database, and says for whom it waits.
func (p *program) openStore(ctx context.Context, c *settings.Settings) (*store.Store, error) {
	return store.OpenWith(ctx, c.Database.URL, db.Options{OnLockWait: p.sayWait})
}

func (p *program) sayWait(w db.LockWait) { fmt.Fprintln(p.stderr, "vestibule:", w) }

// refusal is an error message of one line that report prints unchanged.
type refusal string

func (r refusal) Error() string { return string(r) }

// operatorEvent returns an audit event of an operator at the command line.
func operatorEvent(kind string) store.Event {
	e := store.Event{At: time.Now().UTC(), Type: kind, Actor: store.ActorOperator}
	if u, err := user.Current(); err == nil {
		e.Detail = "on the command line, by " + u.Username
	}
	return e
}

// findUser finds a user by address or id.
func findUser(ctx context.Context, db *store.Store, idOrEmail string) (store.User, error) {
	find := db.UserByID
	if strings.Contains(idOrEmail, "@") {
		idOrEmail, find = strings.ToLower(strings.TrimSpace(idOrEmail)), db.UserByEmail
	}
	u, err := find(ctx, idOrEmail)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText) {
		return u, refusal("there is no user " + strconv.Quote(idOrEmail) + "; see vestibule user list")
	}
	return u, err
}

// note prints a message, except with --json.
func (p *program) note(format string, args ...any) {
	if !p.given.has("json") {
		fmt.Fprintf(p.stdout, format+"\n", args...)
	}
}

// formatTime formats a time for people.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// timeIfAny is formatTime, and "" for no time.
func timeIfAny(t *time.Time) string {
	if t == nil {
		return ""
	}
	return formatTime(*t)
}

// optionalTime converts a time for JSON output. nil becomes null.
func optionalTime(t *time.Time) *web.Time {
	if t == nil {
		return nil
	}
	w := web.Time(*t)
	return &w
}
