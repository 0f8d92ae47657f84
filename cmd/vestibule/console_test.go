package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
	"vestibule/store/tasks"
)

// console runs commands on one database.
type console struct {
	*testing.T
	env settings.Environment
}

// onConsole runs a test on a new migrated database of each engine.
func onConsole(t *testing.T, test func(*console)) {
	t.Helper()
	t.Parallel()
	on := func(t *testing.T, url string) *console {
		return &console{t, settings.Environment{"DATABASE_URL": url}}
	}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "v.db")
		storetest.Fill(t, path)
		test(on(t, "sqlite:"+path))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(on(t, storetest.PostgresURL(t)))
	})
}

// do runs a command with stdin as standard input and checks the exit code. It returns
// the results, or the error message if code is not 0.
func (c *console) do(stdin string, code int, args ...string) string {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), waittest.Patience)
	defer cancel()
	var out, errs bytes.Buffer
	got := run(ctx, args, c.env, strings.NewReader(stdin), &out, &errs)
	if got != code || (code == 0) != (errs.Len() == 0) {
		c.Fatalf("%q: got code %d, stdout %q, stderr %q; want code %d", args, got, out.String(), errs.String(), code)
	}
	if code != 0 {
		if out.Len() != 0 || strings.Count(errs.String(), "\n") != 1 || !strings.HasPrefix(errs.String(), "vestibule: ") {
			c.Errorf("%q: got stdout %q, stderr %q; want one line of error", args, out.String(), errs.String())
		}
		return errs.String()
	}
	return out.String()
}

// rows runs a command with --json and returns its objects.
func (c *console) rows(args ...string) (rows []map[string]any) {
	c.Helper()
	for line := range strings.Lines(c.do("", 0, append(args, "--json")...)) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			c.Fatalf("%q: %v in %q", args, err, line)
		}
		rows = append(rows, row)
	}
	return rows
}

// create creates a user as the command does, but without hashing a password.
func (c *console) create(email string) (id string) {
	c.Helper()
	db := c.open()
	u := bff.NewUser(strings.ToLower(email), "", time.Now())
	e := operatorEvent(store.EventSignUp)
	e.UserID = u.ID
	if err := db.Tx(c.Context(), "test", func(tx *store.Tx) error { return errors.Join(tx.CreateUser(u, "no hash"), tx.Record(e)) }); err != nil {
		c.Fatal(err)
	}
	return u.ID
}

// open opens the database and closes it when the test ends.
func (c *console) open() *store.Store {
	c.Helper()
	db, err := store.Open(c.Context(), c.env["DATABASE_URL"])
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = db.Close() })
	return db
}

// signIn adds a session, as the BFF does.
func (c *console) signIn(userID, id, device string) {
	c.Helper()
	db := c.open()
	e := operatorEvent(store.EventSignIn)
	row := store.Session{ID: id, TokenHash: strings.Repeat("a", 56) + id[len(id)-8:], UserID: userID, UserAgent: device, CreatedAt: e.At, UpdatedAt: e.At, CookieAt: e.At, ExpiresAt: e.At.AddDate(0, 0, 7)}
	e.UserID, e.SessionID = userID, id
	e.Actor, e.IPAddress, e.UserAgent, e.RequestID, e.Detail = store.ActorUser, "192.0.2.1", device, "req1", ""
	if err := db.Tx(c.Context(), "test", func(tx *store.Tx) error { return errors.Join(tx.StartSession(row), tx.Record(e)) }); err != nil {
		c.Fatal(err)
	}
}

// withTasks creates a user with n tasks.
func (c *console) withTasks(email string, n int) (id string) {
	c.Helper()
	id = c.create(email)
	db := c.open()
	for range n {
		now := time.Now()
		if _, err := tasks.New(db.DB).CreateTask(c.Context(), tasks.Task{UserID: id, Title: "a", CreatedAt: now, UpdatedAt: now}); err != nil {
			c.Fatal(err)
		}
	}
	return id
}

// execute runs an SQL statement on the database.
func (c *console) execute(statement string) {
	c.Helper()
	execOn(c.T, c.env["DATABASE_URL"], statement)
}
