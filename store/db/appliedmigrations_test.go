package db_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/migrations"
	"vestibule/store"
	"vestibule/store/db"
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

// hasTable reports whether a table with this name exists.
func hasTable(t *testing.T, d *database, name string) bool {
	t.Helper()
	if d.Direct[:6] == "sqlite" {
		return d.CountRows(t, `SELECT count(*) FROM sqlite_schema WHERE name = ?`, name) > 0
	}
	return d.CountRows(t, `SELECT count(*) FROM pg_tables WHERE tablename = ?`, name) > 0
}

func TestVersionsAreTakenOverFromTheSharedTable(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			u, _ := signedUp(t, d)
			downTo(t, d, shared)
			d.Exec(t, useSharedTable)
			before, err := d.MigrationStatus(t.Context())
			if err != nil || applied(t, d) != shared {
				t.Fatalf("before: got %+v, error %v, want %d applied", before, err, shared)
			}
			if hasTable(t, d, "vestibule_migrations") {
				t.Error("to look at the versions has made a table")
			}
			again := open(t, d.URL) // it checks that a file is ours
			for range 2 {
				if err := again.MigrateUp(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := again.CheckMigrated(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			after, err := d.MigrationStatus(t.Context())
			if err != nil || !slices.Equal(after[:shared], before[:shared]) {
				t.Errorf("after: got %+v, error %v, want %+v", after, err, before)
			}
			if hasTable(t, d, "goose_db_version") {
				t.Error("the shared table is left, although all in it was ours")
			}
			if _, err := d.UserByID(t.Context(), u.ID); err != nil {
				t.Errorf("the user: %v", err)
			}
		})
	}
}

func TestMigrationsGoDownFromTheSharedTable(t *testing.T) {
	t.Parallel()
	onSharedTable(t, func(t *testing.T, d *database) {
		if err := d.MigrateDown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := applied(t, d); got != shared-1 {
			t.Errorf("got %d applied, want %d", got, shared-1)
		}
	})
}

// TestAPartOfTheSharedVersionsIsTakenOver: an older vestibule had fewer versions.
func TestAPartOfTheSharedVersionsIsTakenOver(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		for n, snapshot := range earlier {
			t.Run(fmt.Sprintf("%s, %d", v.Name, n), func(t *testing.T) {
				t.Parallel()
				d := v.Copy(t, snapshot)
				d.Exec(t, useSharedTable)
				s := open(t, d.URL)
				if got := applied(t, s); got != n {
					t.Errorf("got %d applied, want %d", got, n)
				}
				if err := s.MigrateUp(t.Context()); err != nil {
					t.Errorf("up from %d: %v", n, err)
				}
				signedUp(t, s)
			})
		}
	}
}

// otherGoose is the data of another program that uses goose.
const otherGoose = `CREATE TABLE goose_db_version (id integer PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp DEFAULT CURRENT_TIMESTAMP);
	INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (1, 0, true), (2, 1, true), (3, 2, true), (4, 30, true);
	CREATE TABLE orders (id integer PRIMARY KEY, "userId" text)`

func TestAnotherProgramsVersionsAreNotOurs(t *testing.T) {
	t.Parallel()
	for _, v := range variants()[1:] {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			databaseURL, direct := v.New(t)
			d := &database{URL: databaseURL, Direct: direct}
			d.Exec(t, otherGoose)
			d = open(t, databaseURL)
			wantError(t, "before", d.CheckMigrated(t.Context()), db.ErrBehind)
			if got := applied(t, d); got != 0 {
				t.Errorf("got %d applied, want none", got)
			}
			if err := d.MigrateUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			signedUp(t, d)
			if n := d.CountRows(t, `SELECT count(*) FROM goose_db_version`); n != 4 {
				t.Errorf("the other program's versions: got %d, want 4 as before", n)
			}
		})
	}
	file := variants()[0]
	databaseURL, _ := file.New(t)
	d := &database{Direct: databaseURL}
	d.Exec(t, otherGoose)
	_, err := store.Open(t.Context(), databaseURL)
	wantError(t, "a file of another program", err, db.ErrForeign)
	d.Exec(t, `DROP TABLE orders`)
	_, err = store.Open(t.Context(), databaseURL)
	wantError(t, "one with versions alone", err, db.ErrForeign)
	d.Exec(t, `DELETE FROM goose_db_version WHERE version_id > 0`) // as our own first start leaves it if it is killed
	if err := open(t, databaseURL).MigrateUp(t.Context()); err != nil {
		t.Errorf("one without versions: %v", err)
	}
}

func TestVersionsOfTwoProgramsInOneTableAreToldApart(t *testing.T) {
	t.Parallel()
	onSharedTable(t, func(t *testing.T, d *database) {
		d.Exec(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (20240102030405, ?)`, true)
		s := open(t, d.URL)
		if got := applied(t, s); got != shared {
			t.Errorf("got %d applied, want %d", got, shared)
		}
		if err := s.MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		signedUp(t, s)
		if n := d.CountRows(t, `SELECT count(*) FROM goose_db_version WHERE version_id > 0`); n != shared+1 {
			t.Errorf("the shared table: got %d versions, want it unchanged", n)
		}
	})
}

func TestAnInterruptedTakeOverIsDoneAgain(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{"CREATE TABLE vestibule_migrations", "INSERT INTO vestibule_migrations", "DROP TABLE goose_db_version"} {
		t.Run(statement, func(t *testing.T) {
			t.Parallel()
			direct := sharedTable.PostgresURL(t)
			p := newProxy(t, direct, nil)
			d := open(t, p.URL)
			d.Direct = direct
			p.CutAfter(statement)
			if err := d.MigrateUp(t.Context()); err == nil {
				t.Error("got no error")
			}
			if !hasTable(t, d, "goose_db_version") || hasTable(t, d, "vestibule_migrations") {
				t.Error("half of it was done")
			}
			if err := d.MigrateUp(t.Context()); err != nil {
				t.Errorf("again: %v", err)
			}
			signedUp(t, d)
		})
	}
}

func TestManyStoresTakeOverAtOnce(t *testing.T) {
	t.Parallel()
	onSharedTable(t, func(t *testing.T, d *database) {
		var wg sync.WaitGroup
		for range 5 {
			s := open(t, d.URL)
			wg.Go(func() {
				if err := s.MigrateUp(t.Context()); err != nil {
					t.Errorf("up: %v", err)
				}
				if err := s.CheckMigrated(t.Context()); err != nil {
					t.Errorf("check: %v", err)
				}
			})
		}
		wg.Wait()
	})
}

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
