package db

import (
	"context"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"vestibule/migrations"
)

// The applied migrations are listed in our own table. Up to version lastShared they were in
// goose's default table, which every program with goose uses: two such programs in one
// schema would confuse their versions.
const (
	versionTable = "vestibule_migrations"
	sharedTable  = "goose_db_version"
	lastShared   = 15
)

// step is a migration file.
type step struct {
	version int64
	file    string
}

// steps returns the migrations of this version, in order.
func (s *DB) steps() (all []step, err error) {
	files, err := fs.Glob(s.engine.migrations, "*.sql")
	for _, file := range files { // sorted by name, and so by version
		version, err := goose.NumericComponent(file)
		if err != nil {
			return nil, err
		}
		all = append(all, step{version, file})
	}
	return all, err
}

// appliedMigrations reads the table of versions. goose's own function would create it.
func (s *DB) appliedMigrations(ctx context.Context) (applied map[int64]time.Time, err error) {
	for range 2 { // another process may migrate the shared table meanwhile
		own, err := s.hasTable(ctx, versionTable)
		if err != nil {
			return nil, err
		}
		if own {
			return s.versions(ctx, versionTable)
		}
		if applied, _, err = s.ourShared(ctx); err == nil {
			return applied, nil
		}
	}
	return nil, err
}

func (s *DB) hasTable(ctx context.Context, name string) (has bool, err error) {
	err = s.Read().One(ctx, []any{&has}, s.engine.hasTableSQL, name)
	return has, err
}

func (s *DB) versions(ctx context.Context, table string) (map[int64]time.Time, error) {
	applied := map[int64]time.Time{}
	var version int64
	var at time.Time
	// Every, not Each: a migration in a skipped row would be applied again.
	err := s.Read().Every(ctx, []any{&version, Instant(&at)}, func(bool) { applied[version] = at }, s.engine.versionsSQL+table)
	delete(applied, 0) // goose's mark of an empty database
	return applied, err
}

// ourShared returns our versions in the shared table: the first ones whose tables and
// columns all exist. alone is true if the table has no other versions.
func (s *DB) ourShared(ctx context.Context) (ours map[int64]time.Time, alone bool, err error) {
	ours = map[int64]time.Time{}
	if has, err := s.hasTable(ctx, sharedTable); err != nil || !has {
		return ours, false, err
	}
	all, err := s.versions(ctx, sharedTable)
	if err != nil {
		return nil, false, err
	}
	steps, err := s.steps()
	if err != nil {
		return nil, false, err
	}
	columns, err := s.columns(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, m := range steps {
		at, ok := all[m.version]
		if !ok || m.version > lastShared {
			break
		}
		made, err := migrations.Created(s.engine.migrations, m.file)
		if err != nil {
			return nil, false, err
		}
		if !columns.hold(made) {
			break
		}
		ours[m.version] = at
	}
	return ours, len(ours) == len(all), nil
}

// columnSet is the set of all columns, as table.column.
type columnSet map[string]bool

func (s *DB) columns(ctx context.Context) (columnSet, error) {
	set := columnSet{}
	var table, column string
	err := s.Read().Each(ctx, []any{&table, &column}, func() { set[table+"."+column] = true }, s.engine.columnsSQL)
	return set, err
}

func (c columnSet) hold(made migrations.Objects) bool {
	for table, columns := range made.Columns {
		for _, column := range columns {
			if !c[table+"."+column] {
				return false
			}
		}
	}
	return true
}

// takeOver creates our table of versions and copies our versions from the shared table, in
// one transaction. It drops the shared table if nobody else's versions are in it, because an
// older vestibule would still believe it.
func (s *DB) takeOver(ctx context.Context) error {
	if own, err := s.hasTable(ctx, versionTable); err != nil || own {
		return err
	}
	ours, alone, err := s.ourShared(ctx)
	if err != nil {
		return err
	}
	return s.Tx(ctx, "table of versions", func(ctx context.Context, q Querier) error {
		if _, err := q.Exec(ctx, s.engine.versionTableSQL); err != nil {
			return err
		}
		if _, err := q.Exec(ctx, `INSERT INTO `+versionTable+` (version_id, is_applied) VALUES (0, ?)`, true); err != nil {
			return err
		}
		if len(ours) == 0 {
			return nil
		}
		_, err := q.Exec(ctx, `INSERT INTO `+versionTable+` (version_id, is_applied, tstamp)
			SELECT version_id, ?, max(tstamp) FROM `+sharedTable+` WHERE version_id BETWEEN 1 AND ? GROUP BY version_id ORDER BY version_id`, true, len(ours))
		if err == nil && alone {
			_, err = q.Exec(ctx, `DROP TABLE `+sharedTable)
		}
		return err
	})
}
