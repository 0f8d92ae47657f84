package db_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"vestibule/store"
	"vestibule/store/db"
)

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
