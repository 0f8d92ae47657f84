package daemon

import (
	"context"
	"errors"
	"slices"

	"vestibule/store"
	"vestibule/store/db"
)

// MigrateToLatest applies the pending migrations. It returns the migrations that were
// applied during the call, by this process or another. If one fails, those before it
// stay applied.
func MigrateToLatest(ctx context.Context, db *store.Store) ([]db.Migration, error) {
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

// Changed returns the migrations of after that were applied or undone since before.
func Changed(before, after []db.Migration) []db.Migration {
	return slices.DeleteFunc(slices.Clone(after), func(m db.Migration) bool {
		return slices.ContainsFunc(before, func(b db.Migration) bool {
			return b.Version == m.Version && b.Applied == m.Applied
		})
	})
}

// LaterVersion returns the version of the schema if a later version of the program has
// migrated the database, and otherwise 0.
func LaterVersion(status []db.Migration) (version int64) {
	for _, m := range status {
		if !m.Known() {
			version = max(version, m.Version)
		}
	}
	return version
}
