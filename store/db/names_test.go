package db_test

import (
	"io/fs"
	"strings"
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/migrations"
	"vestibule/store/db"
)

// everything counts the objects in the current schema.
const everything = `SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace) + (SELECT count(*) FROM pg_type WHERE typnamespace = 'public'::regnamespace)`

func TestNamesOfAnotherProgramAreFoundBeforeAnythingIsChanged(t *testing.T) {
	t.Parallel()
	for foreign, want := range map[string]string{
		`CREATE TABLE "user" (id int)`:                                                 "user",
		`CREATE TABLE session (id int); CREATE TABLE tasks (id int)`:                   "session, tasks",
		`CREATE VIEW client AS SELECT 1 AS x`:                                          "client",
		`CREATE TYPE account AS ENUM ('x')`:                                            "account",
		`CREATE TABLE other (at int); CREATE INDEX audit_at_idx ON other (at)`:         "audit_at_idx",
		`CREATE TABLE other (at int); CREATE INDEX "session_userId_idx" ON other (at)`: "session_userId_idx",
		`CREATE SEQUENCE mail`:                                                         "mail",
		otherGoose + `; CREATE TABLE "user" (id text)`:                                 "user",
		`CREATE TABLE "user" (id text PRIMARY KEY, name text, email text, "emailVerified" boolean, image text, "createdAt" date, "updatedAt" date)`: "user", // the table of Better Auth
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			direct := pgtest.Database(t)
			d := open(t, direct)
			d.Exec(t, foreign)
			before := d.CountRows(t, everything)
			err := d.MigrateUp(t.Context())
			wantError(t, foreign, err, db.ErrForeign)
			if err == nil || !strings.Contains(err.Error(), " "+want+",") {
				t.Errorf("got error %v, want %s in it", err, want)
			}
			if after := d.CountRows(t, everything); after != before {
				t.Error("something was changed")
			}
			// The cure.
			d.Exec(t, `CREATE SCHEMA vestibule`)
			cured := open(t, direct+"&search_path=vestibule")
			if err := cured.MigrateUp(t.Context()); err != nil {
				t.Errorf("in a separate schema: %v", err)
			}
			signedUp(t, cured)
		})
	}
}

// TestOurTablesAreNotCreatedTwice: another user of them may have a separate schema, which
// comes first in search_path.
func TestOurTablesAreNotCreatedTwice(t *testing.T) {
	t.Parallel()
	for name, older := range map[string]bool{"own": false, "shared": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := storetest.PostgresURL(t)
			if older {
				direct = sharedTable.PostgresURL(t)
			}
			d := open(t, direct)
			d.Exec(t, `CREATE SCHEMA theirs`)
			s := open(t, with(t, direct, "search_path", "theirs, public"))
			signedUp(t, s)
			if got := applied(t, s); got < shared {
				t.Errorf("got %d applied, want %d or more", got, shared)
			}
			if older {
				wantError(t, "up", s.MigrateUp(t.Context()), db.ErrNoSchema)
			} else if err := s.MigrateUp(t.Context()); err != nil {
				t.Errorf("nothing to do: %v", err)
			}
			wantError(t, "down", s.MigrateDown(t.Context()), db.ErrNoSchema)
			if n := d.CountRows(t, `SELECT count(*) FROM pg_class WHERE relnamespace = 'theirs'::regnamespace`); n != 0 {
				t.Errorf("got %d objects in the other schema, want none", n)
			}
		})
	}
}

func TestOtherNamesAreInNobodysWay(t *testing.T) {
	t.Parallel()
	direct := pgtest.Database(t)
	d := open(t, direct)
	d.Exec(t, `CREATE TABLE "User" (id int); CREATE TABLE "Session" (id int); CREATE TABLE users (id int); CREATE SCHEMA other; CREATE TABLE other.tasks (id int)`)
	if err := d.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	signedUp(t, d)
}

func TestForeignNamesInAFileAreFound(t *testing.T) {
	t.Parallel()
	d := variants()[0].Copy(t, earlier[0])
	d.Exec(t, `CREATE TABLE TASKS (id int)`) // SQLite ignores case in names
	wantError(t, "up", d.MigrateUp(t.Context()), db.ErrForeign)
	if n := d.CountRows(t, `SELECT count(*) FROM sqlite_schema WHERE name = 'user'`); n != 0 {
		t.Error("something was changed")
	}
}

// TestEverythingThatMigrationsCreateIsKnown: every object in the database is in the list
// that was read from the migrations.
func TestEverythingThatMigrationsCreateIsKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		variant        variant
		files          fs.FS
		names, columns string
	}{
		{variants()[0], migrations.SQLite(),
			`SELECT name FROM sqlite_schema WHERE type IN ('table', 'index', 'view') AND name NOT LIKE 'sqlite_%' AND name <> 'vestibule_migrations'`,
			`SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'vestibule_migrations'`},
		{variants()[1], migrations.Postgres(),
			`SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'vestibule_migrations%'
				AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = c.oid) AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = c.oid AND deptype = 'i')
				UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
			`SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'vestibule_migrations'`},
	} {
		d := migrated(t, c.variant)
		known := map[string]bool{}
		for _, name := range allMigrations(t, d) {
			made, err := migrations.Created(c.files, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range made.Names {
				known[n] = true
			}
			for table, columns := range made.Columns {
				for _, column := range columns {
					known[table+"."+column] = true
				}
			}
		}
		found := 0
		for _, query := range []string{c.names, c.columns} {
			rows, err := d.Raw(t).Query(query)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var name string
				if err := rows.Scan(&name); err != nil {
					t.Fatal(err)
				}
				if found++; !known[name] {
					t.Errorf("%s: %s is not known", c.variant.Name, name)
				}
			}
			if rows.Err() != nil {
				t.Fatal(rows.Err())
			}
		}
		if found < 50 {
			t.Errorf("%s: got only %d", c.variant.Name, found)
		}
	}
}
