package db

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"vestibule/migrations"
)

// checkNames refuses to begin when another program has a table, or something else,
// of a name that a pending migration gives; and when our tables are in another schema
// than new ones would be.
func (s *DB) checkNames(ctx context.Context, status []Migration) error {
	taken := map[string]string{} // by what it is to the engine
	err := s.Call(ctx, "names in use", func(ctx context.Context) error {
		var name string
		return s.Read().Each(ctx, []any{&name}, func() { taken[s.engine.foldName(name)] = name }, s.engine.namesSQL)
	})
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	var foreign []string
	for _, m := range status { // in order: what is applied comes first
		made, err := migrations.Created(s.engine.migrations, m.Name)
		if err != nil {
			return err
		}
		for _, name := range made.Names {
			as, isTaken := taken[s.engine.foldName(name)]
			if m.Applied {
				ours[name] = true
			} else if isTaken && !ours[name] {
				foreign = append(foreign, as)
			}
		}
	}
	switch _, own := taken[versionTable]; {
	case len(ours) > 0 && !own && taken[sharedTable] == "":
		return fmt.Errorf("%w: our tables are in another one than the first, where new ones would be made", ErrNoSchema)
	case len(foreign) > 0:
		slices.Sort(foreign)
		return fmt.Errorf("%w: there is already %s, not made by vestibule; nothing was changed", ErrForeign, strings.Join(slices.Compact(foreign), ", "))
	}
	return nil
}

// foreignTables counts the tables of a database in which nothing is ours. A shared
// table of versions in which none stands may be from our own first start.
func (s *DB) foreignTables(ctx context.Context) (n int, err error) {
	applied, err := s.appliedMigrations(ctx)
	if err != nil || len(applied) > 0 {
		return 0, err
	}
	if own, err := s.hasTable(ctx, versionTable); err != nil || own {
		return 0, err
	}
	tables := columnSet{}
	columns, err := s.columns(ctx)
	for name := range columns {
		table, _, _ := strings.Cut(name, ".")
		tables[table] = !strings.HasPrefix(table, "sqlite_")
	}
	if tables[sharedTable] {
		others, err := s.versions(ctx, sharedTable)
		if err != nil {
			return 0, err
		}
		tables[sharedTable] = len(others) > 0
	}
	for _, counts := range tables {
		if counts {
			n++
		}
	}
	return n, err
}
