package db

import (
	"context"
	"maps"
	"slices"
	"strings"

	"vestibule/migrations"
)

// missingGrantsSQL groups the tables that lack the same permissions. Nobody but a migration
// writes the table of versions.
const missingGrantsSQL = `SELECT 'GRANT ' || missing || ' ON ' || string_agg(name, ', ' ORDER BY name) || ' TO ' || quote_ident(current_user)
	FROM (SELECT c.oid::regclass::text AS name, string_agg(permission, ', ' ORDER BY place) AS missing
		FROM pg_catalog.pg_class c
		CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) WITH ORDINALITY AS wanted (permission, place)
		WHERE c.relkind IN ('r', 'p') AND pg_catalog.pg_table_is_visible(c.oid) AND c.relname = ANY (string_to_array(?, ','))
		AND (permission = 'SELECT' OR c.relname <> '` + versionTable + `') AND NOT has_table_privilege(c.oid, permission)
		GROUP BY c.oid) tables
	GROUP BY missing ORDER BY missing`

// MissingGrants returns the statements that give this user the permissions which it lacks on
// our tables. On SQLite there are none.
func (s *DB) MissingGrants(ctx context.Context) (statements []string, err error) {
	if !s.engine.shared {
		return nil, nil
	}
	steps, err := s.steps()
	if err != nil {
		return nil, err
	}
	tables := map[string]bool{versionTable: true}
	for _, m := range steps {
		made, err := migrations.Created(s.engine.migrations, m.file)
		if err != nil {
			return nil, err
		}
		for table := range made.Columns {
			tables[table] = true
		}
	}
	err = s.Call(ctx, "permissions", func(ctx context.Context) error {
		statements = nil
		var statement string
		return s.Read().Each(ctx, []any{&statement}, func() { statements = append(statements, statement) },
			missingGrantsSQL, strings.Join(slices.Sorted(maps.Keys(tables)), ","))
	})
	return statements, err
}
