package main

import (
	"bytes"
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"vestibule/store/tasks"
)

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
	driver, dsn := "postgres", c.env["DATABASE_URL"]
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		driver, dsn = "sqlite", path
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		c.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		c.Fatal(err)
	}
}

// cancelling cancels a context at the first write.
type cancelling struct {
	bytes.Buffer
	cancel context.CancelFunc
}

func (w *cancelling) Write(p []byte) (int, error) {
	w.cancel()
	return w.Buffer.Write(p)
}

// user delete deletes all tasks even if no server runs. If it is interrupted, the
// message says that the next server deletes the rest.
func TestUserDeleteLeavesNothing(t *testing.T) {
	onConsole(t, func(c *console) {
		id := c.withTasks("ada@example.com", 3)
		c.do("", 0, "user", "delete", "--yes", "ada@example.com")
		if r, err := tasks.New(c.open().DB).DeleteRemains(c.Context(), ""); err != nil || r.UserID != "" {
			c.Errorf("got %+v left of %s, %v", r, id, err)
		}

		id = c.withTasks("eve@example.com", 3)
		ctx, cancel := context.WithCancel(c.Context())
		out, errs := &cancelling{cancel: cancel}, &bytes.Buffer{}
		if code := run(ctx, []string{"user", "delete", "--yes", "eve@example.com"}, c.env, strings.NewReader(""), out, errs); code != exitFailure {
			c.Errorf("got code %d, want %d", code, exitFailure)
		}
		if got := errs.String(); !strings.Contains(got, "eve@example.com is deleted, and the next vestibule serve or api deletes the rest") {
			c.Errorf("got %q", got)
		}
		c.do("", 1, "user", "show", "eve@example.com")
		db := c.open()
		if r, err := tasks.New(db.DB).DeleteRemains(c.Context(), ""); err != nil || r.UserID != id || r.Rows != 3 {
			c.Errorf("got %+v, %v, want 3 tasks left of %s", r, err, id)
		}
	})
}

// If another program has damaged the row of a user, the list reports that row.
func TestAListReportsUnreadableRows(t *testing.T) {
	onConsole(t, func(c *console) {
		id := c.create("ada@example.com")
		c.create("bob@example.com")
		date := "infinity"
		if strings.HasPrefix(c.env["DATABASE_URL"], "sqlite:") {
			date = "2025-99-99T00:00:00.000Z"
		}
		c.execute(`UPDATE "user" SET "updatedAt" = '` + date + `' WHERE id = '` + id + `'`)
		var out, errs bytes.Buffer
		if code := run(c.Context(), []string{"user", "list"}, c.env, strings.NewReader(""), &out, &errs); code != exitOK {
			c.Errorf("got code %d", code)
		}
		if got := out.String(); !strings.Contains(got, "bob@example.com") || strings.Contains(got, "ada@example.com") {
			c.Errorf("got %q, want the other user", got)
		}
		if got := errs.String(); !strings.Contains(got, `skipped: row "`+id+`" of table user cannot be read: column updatedAt`) {
			c.Errorf("got %q, want the row named", got)
		}
	})
}
