package db_test

import (
	"sync"
	"testing"
	"time"

	"vestibule/internal/storetest"
)

// TestManyAskForTheVersionAtOnce: one of them asks SQLite, and the others get its answer. The
// connection is one, and so is the parsed statement.
func TestManyAskForTheVersionAtOnce(t *testing.T) {
	t.Parallel()
	d := storetest.Migrated(t, storetest.Variants()[0])
	want, err := d.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var asking sync.WaitGroup
	for range 64 {
		asking.Go(func() {
			for begun := time.Now(); time.Since(begun) < time.Second; {
				if got, err := d.Version(t.Context()); err != nil || got != want {
					t.Errorf("got %d, %v, want %d", got, err, want)
					return
				}
			}
		})
	}
	asking.Wait()
}
