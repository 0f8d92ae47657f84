package db

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"vestibule/migrations"
)

// checkNames returns an error when another program has a table or another object with a
// name that a pending migration would create. It also returns one when our tables are not in
// the schema where new tables would be created. An index of one of our tables is ours: an
// earlier attempt to build it outside of a transaction was interrupted.
func (s *DB) checkNames(ctx context.Context, status []Migration) error {
	taken := map[string]string{}   // by the name as the engine compares it
	indexOf := map[string]string{} // the table of an index
	err := s.Call(ctx, "names in use", func(ctx context.Context) error {
		var name, table string
		return s.Read().Each(ctx, []any{&name, &table}, func() {
			taken[s.engine.foldName(name)] = name
			indexOf[s.engine.foldName(name)] = table
		}, s.engine.namesSQL)
	})
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	var foreign []string
	for _, m := range status { // in order: applied ones come first
		made, err := migrations.Created(s.engine.migrations, m.Name)
		if err != nil {
			return err
		}
		for _, name := range made.Names {
			as, isTaken := taken[s.engine.foldName(name)]
			if m.Applied {
				ours[name] = true
			} else if isTaken && !ours[name] && !ours[indexOf[s.engine.foldName(name)]] {
				foreign = append(foreign, as)
			}
		}
	}
	switch _, own := taken[versionTable]; {
	case len(ours) > 0 && !own && taken[sharedTable] == "":
		return fmt.Errorf("%w: our tables are not in the first one, where new tables would be created", ErrNoSchema)
	case len(foreign) > 0:
		slices.Sort(foreign)
		return fmt.Errorf("%w: there is already %s, not made by vestibule; nothing was changed", ErrForeign, strings.Join(slices.Compact(foreign), ", "))
	}
	return nil
}

// foreignTables counts the tables of a database that has none of ours. An empty shared
// table of versions may come from our own first start, so it does not count.
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
