package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/waittest"
	"vestibule/store/db"
)

// TestAFileIsNotClosedUnderAWriterThatGaveUp: its place in the system's queue remains until
// its turn comes, and needs the descriptor. Close does not wait for it.
func TestAFileIsNotClosedUnderAWriterThatGaveUp(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	u, _ := signedUp(t, d)
	path, err := filepath.EvalSymlinks(strings.TrimPrefix(d.URL, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := db.OpenTurn(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 30 {
		d := open(t, d.URL)
		release := take(t, other)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := d.CreateTask(ctx, newTask(u.ID))
			done <- err
		}()
		waittest.Until(t, "the writer waits in the queue", other.Awaited)
		cancel()
		if err := waittest.Receive(t, "the end of the call", done); !errors.Is(err, context.Canceled) {
			t.Fatalf("got error %v, want %v", err, context.Canceled)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if n := descriptors(t, path); n != 2 {
			t.Fatalf("got %d descriptors of the file, want the other one's and the one that queues", n)
		}
		_, err := d.CreateTask(t.Context(), newTask(u.ID))
		wantError(t, "a write after Close", err, db.ErrClosed)
		release()
		waittest.Until(t, "the descriptor is closed after its turn", func() bool { return descriptors(t, path) == 1 })
	}
	take(t, other)() // nobody has kept the turn
}

// descriptors counts those of the file in this process.
func descriptors(t *testing.T, path string) (n int) {
	t.Helper()
	const all = "/proc/self/fd"
	list, err := os.ReadDir(all)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range list {
		if name, err := os.Readlink(filepath.Join(all, fd.Name())); err == nil && name == path { // it may be closed meanwhile
			n++
		}
	}
	return n
}
