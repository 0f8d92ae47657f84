package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"vestibule/store/tasks"
)

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
