package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pressly/goose/v3/database"

	"vestibule/migrations"
)

// During a rolling update programs of two versions use one database, and one of the older
// version may have to start again. It meets migrations that it does not know. So each
// migration is recorded with the oldest version of the schema whose programs can use the
// database after it.

// Known reports whether this version has the migration.
func (m Migration) Known() bool { return m.Name != "" }

// fits reports whether a program whose latest migration is latest can use the database
// after m, which it does not know. One with a lower number comes from another line of
// development.
func (m Migration) fits(latest int64) bool {
	return m.Version > latest && m.CompatibleWith > 0 && m.CompatibleWith <= latest
}

// SchemaVersion returns the version of this program's schema.
func SchemaVersion(status []Migration) (latest int64) {
	for _, m := range status {
		if m.Known() {
			latest = max(latest, m.Version)
		}
	}
	return latest
}

// checkAhead returns ErrAhead when the database has migrations with which this version
// cannot use it.
func checkAhead(status []Migration) error {
	latest := SchemaVersion(status)
	for _, m := range status {
		if !m.Known() && (!m.fits(latest) || slices.ContainsFunc(status, pending)) {
			return fmt.Errorf("%w, and that are not compatible with it: version %d", ErrAhead, m.Version)
		}
	}
	return nil
}

// unknown returns applied migrations that this version does not have, in order.
func (s *DB) unknown(ctx context.Context, applied map[int64]time.Time, recorded bool) ([]Migration, error) {
	compatible := map[int64]int64{}
	if len(applied) > 0 && recorded {
		var version, oldest int64
		err := s.Read().Each(ctx, []any{&version, &oldest}, func() { compatible[version] = oldest },
			`SELECT version_id, compatible_with FROM `+versionTable+` WHERE compatible_with IS NOT NULL`)
		if err != nil {
			return nil, err
		}
	}
	var all []Migration
	for _, version := range slices.Sorted(maps.Keys(applied)) {
		all = append(all, Migration{Version: version, Applied: true, AppliedAt: applied[version], CompatibleWith: compatible[version]})
	}
	return all, nil
}

// versionStore is goose's access to our table of versions.
type versionStore struct {
	database.Store
	insertSQL      string
	compatibleWith map[int64]int64
}

func (s *DB) newVersionStore() (database.Store, error) {
	store, err := database.NewStore(s.engine.goose, versionTable)
	if err != nil {
		return nil, err
	}
	steps, err := s.steps()
	if err != nil {
		return nil, err
	}
	v := versionStore{store, s.Read().Rebind(`INSERT INTO ` + versionTable + ` (version_id, is_applied, compatible_with) VALUES (?, ?, ?)`), map[int64]int64{}}
	for _, m := range steps {
		if v.compatibleWith[m.version], err = migrations.CompatibleWith(s.engine.migrations, m.file); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Insert implements database.Store. It runs in the transaction of the migration, so no
// program sees the migration without what it is compatible with.
func (v versionStore) Insert(ctx context.Context, db database.DBTxConn, req database.InsertRequest) error {
	oldest := v.compatibleWith[req.Version]
	if req.Version < migrations.RecordedSince || oldest == 0 {
		return v.Store.Insert(ctx, db, req)
	}
	_, err := db.ExecContext(ctx, v.insertSQL, req.Version, true, oldest)
	return err
}
