package daemon

import (
	"context"
	"errors"
	"slices"

	"vestibule/store"
)

// MigrateToLatest applies what is pending and returns what has been applied
// since it was called, by this process or another. Those before a failure
// stay applied.
func MigrateToLatest(ctx context.Context, db *store.Store) ([]store.Migration, error) {
	before, err := db.MigrationStatus(ctx)
	if err != nil {
		return nil, err
	}
	err = db.MigrateUp(ctx)
	after, statusErr := db.MigrationStatus(ctx)
	if statusErr != nil {
		return nil, errors.Join(err, statusErr)
	}
	return Changed(before, after), err
}

// Changed returns the migrations of after that were applied or taken back
// since before.
func Changed(before, after []store.Migration) []store.Migration {
	return slices.DeleteFunc(slices.Clone(after), func(m store.Migration) bool {
		return slices.ContainsFunc(before, func(b store.Migration) bool {
			return b.Version == m.Version && b.Applied == m.Applied
		})
	})
}
