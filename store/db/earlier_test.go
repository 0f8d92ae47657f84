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

// Databases of earlier versions, by the number of their migrations. Each is made of the one
// with the next higher number. sharedTable is one that has its versions in goose's own table.
var (
	sharedVersion = earlierVersion(shared, nil)
	sharedTable   = sharedVersion.Changed("shared_table", func(d *database) error {
		_, err := d.Pools()["write"].Exec(useSharedTable)
		return err
	})
	version12 = earlierVersion(12, sharedVersion)
	version1  = earlierVersion(1, version12)
	earlier   = map[int]*storetest.Snapshot{0: earlierVersion(0, version1), 1: version1, 12: version12}
)

// earlierVersion undoes all migrations but the first n of another snapshot, or of the latest
// version if it is nil.
func earlierVersion(n int, from *storetest.Snapshot) *storetest.Snapshot {
	changed := storetest.NewSnapshot
	if from != nil {
		changed = from.Changed
	}
	return changed(fmt.Sprintf("version%d", n), func(d *database) error {
		status, err := d.MigrationStatus(context.Background())
		for _, m := range status[min(n, len(status)):] {
			if m.Applied {
				err = errors.Join(err, d.MigrateDown(context.Background()))
			}
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
