package db_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"vestibule/internal/storetest"
)

// shared is the number of migrations that were recorded in goose's own table.
const shared = 15

// Databases of earlier versions, by the number of their migrations. sharedTable is one that
// has its versions in goose's own table.
var (
	earlier     = map[int]*storetest.Snapshot{0: earlierVersion(0, false), 1: earlierVersion(1, false), 12: earlierVersion(12, false)}
	sharedTable = earlierVersion(shared, true)
)

func earlierVersion(n int, inSharedTable bool) *storetest.Snapshot {
	return storetest.NewSnapshot(fmt.Sprintf("version%d", n), func(d *database) error {
		status, err := d.MigrationStatus(context.Background())
		for range len(status) - n {
			err = errors.Join(err, d.MigrateDown(context.Background()))
		}
		if err == nil && inSharedTable {
			_, err = d.Pools()["write"].Exec(useSharedTable)
		}
		return err
	})
}

const useSharedTable = `ALTER TABLE vestibule_migrations RENAME TO goose_db_version`

// downTo undoes all migrations but the first n.
func downTo(t *testing.T, d *database, n int) {
	t.Helper()
	for left := applied(t, d); left > n; left-- {
		if err := d.MigrateDown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := applied(t, d); got != n {
		t.Fatalf("got %d migrations left, want %d", got, n)
	}
}

// onSharedTable runs a test on every kind of database, with versions in the shared table.
func onSharedTable(t *testing.T, test func(*testing.T, *database)) {
	t.Helper()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			test(t, v.Copy(t, sharedTable))
		})
	}
}
