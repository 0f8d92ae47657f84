package db_test

import (
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"vestibule/migrations"
	"vestibule/store/db"
)

// nextVersion returns a database that a later version has migrated, and a store of that
// version. compatible is what its migration says, for example "23"; "": it says nothing.
func nextVersion(t *testing.T, v variant, compatible ...string) (d, next *database) {
	t.Helper()
	d = migrated(t, v)
	next = open(t, d.URL)
	next.SetMigrations(withNext(t, d, compatible...))
	if err := next.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d, next
}

// withNext returns the migrations of d and more of them, from number 901 on.
func withNext(t *testing.T, d *database, compatible ...string) fs.FS {
	t.Helper()
	files := migrations.Postgres()
	if d.Engine() == "sqlite" {
		files = migrations.SQLite()
	}
	all := fstest.MapFS{}
	for _, name := range allMigrations(t, d) {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = &fstest.MapFile{Data: text}
	}
	for i, oldest := range compatible {
		n := strconv.Itoa(i + 1)
		text := "-- +goose Up\nCREATE TABLE next" + n + " (id int);\n-- +goose Down\nDROP TABLE next" + n + ";\n"
		if oldest != "" {
			text = "-- compatible-with: " + oldest + "\n" + text
		}
		all["0090"+n+"_next.sql"] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

// TestAnOlderVersionStartsAfterACompatibleMigration, as a process that crashes during a
// rolling update must.
func TestAnOlderVersionStartsAfterACompatibleMigration(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d, next := nextVersion(t, v, "23", "22")
			again := open(t, d.URL)
			if err := again.CheckMigrated(t.Context()); err != nil {
				t.Errorf("check: %v", err)
			}
			signedUp(t, again)
			beat(t, again)
			if err := again.MigrateUp(t.Context()); err != nil {
				t.Errorf("up has nothing to do: got error %v", err)
			}
			err := again.MigrateDown(t.Context())
			wantError(t, "down, without the migration's file", err, db.ErrAhead)
			status, err := again.MigrationStatus(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			last := status[len(status)-2:]
			if last[0].Known() || last[0].Version != 901 || last[0].CompatibleWith != 23 || last[1].Version != 902 || last[1].CompatibleWith != 22 || !last[1].Applied || last[1].AppliedAt.IsZero() {
				t.Errorf("got status %+v, want the two unknown migrations", last)
			}
			for range 2 {
				if err := next.MigrateDown(t.Context()); err != nil {
					t.Fatalf("down by the later version: %v", err)
				}
			}
			if err := again.CheckMigrated(t.Context()); err != nil {
				t.Errorf("check after down: %v", err)
			}
		})
	}
}

func TestAnOlderVersionRefusesAnIncompatibleSchema(t *testing.T) {
	t.Parallel()
	for name, compatible := range map[string][]string{
		"says nothing":             {""},
		"says none":                {"none"},
		"is for later versions":    {"900"},
		"one of two says nothing":  {"23", ""},
		"another one says nothing": {"", "23"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, v := range variants()[:2] {
				d, next := nextVersion(t, v, compatible...)
				for what, call := range map[string]func() error{
					"check": func() error { return d.CheckMigrated(t.Context()) },
					"up":    func() error { return d.MigrateUp(t.Context()) },
					"down":  func() error { return d.MigrateDown(t.Context()) },
					"beat":  func() error { return d.Beat(t.Context(), "ins_test", base()) },
				} {
					err := call()
					wantError(t, v.Name+": "+what, err, db.ErrAhead)
					if err != nil && !strings.Contains(err.Error(), "version 90") {
						t.Errorf("%s: %s: got error %q, want the version in it", v.Name, what, err)
					}
				}
				if err := next.CheckMigrated(t.Context()); err != nil {
					t.Errorf("%s: the later version: %v", v.Name, err)
				}
			}
		})
	}
}

// TestACompatibleMigrationDoesNotHideAPendingOne: two lines of development have migrated
// the database.
func TestACompatibleMigrationDoesNotHideAPendingOne(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		insert := `INSERT INTO ` + db.VersionTable + ` (version_id, is_applied, compatible_with) VALUES (?, ?, 23)`
		d.Exec(t, insert, 18, true) // a number that this version leaves out
		wantError(t, "a lower number", d.CheckMigrated(t.Context()), db.ErrAhead)
		d.Exec(t, `DELETE FROM `+db.VersionTable+` WHERE version_id = 18`)
		d.Exec(t, insert, 901, true)
		if err := d.CheckMigrated(t.Context()); err != nil {
			t.Fatalf("a higher number: %v", err)
		}
		d.Exec(t, `DELETE FROM `+db.VersionTable+` WHERE version_id = ?`, 20)
		wantError(t, "and one is pending", d.CheckMigrated(t.Context()), db.ErrAhead)
	})
}

func TestAMistakeInTheCompatibilityIsFound(t *testing.T) {
	t.Parallel()
	for _, compatible := range []string{"0", "-1", "x", "23 or later"} {
		d := migrated(t, variants()[0])
		d.SetMigrations(withNext(t, d, compatible))
		if err := d.MigrateUp(t.Context()); err == nil || !strings.Contains(err.Error(), "00901_next.sql") {
			t.Errorf("%q: got error %v, want the file in it", compatible, err)
		}
	}
}
