package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
)

func TestAHealthyInstallationHasNoWarning(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d *storetest.Database) {
		for _, algorithm := range []string{"HS256", "EdDSA"} {
			found := examine(t, settings.ForServe, env(d.URL, settings.Environment{"JWT_ALGORITHM": algorithm}))
			wantGood(t, found)
			for _, check := range []string{"settings", "files", "database", "schema", "writes", "triggers", "secrets", "keys"} {
				if len(of(found, check)) != 1 {
					t.Errorf("got %+v of %s, want one result", of(found, check), check)
				}
			}
		}
	})
}

// TestTheDoctorLeavesNoTrace: no row is written, no table is created, no process is counted.
func TestTheDoctorLeavesNoTrace(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d *storetest.Database) {
		examine(t, settings.ForServe, env(d.URL, settings.Environment{"JWT_ALGORITHM": "EdDSA"}))
		for _, table := range []string{"instance", "jwks", "audit", "session"} {
			if n := d.CountRows(t, `SELECT count(*) FROM `+table); n != 0 {
				t.Errorf("got %d rows of %s, want none", n, table)
			}
		}
	})
}

func TestBeforeTheFirstStartNothingIsCreated(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "new", "vestibule.db")
		found := examine(t, settings.ForServe, settings.Environment{"DATABASE_URL": "sqlite:" + path})
		wantGood(t, found)
		wantOne(t, found, "database", OK, "", "the first start creates it")
		wantOne(t, found, "secrets", OK, "", "the first start creates")
		if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
			t.Errorf("got %v, want no folder", err)
		}
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		found := examine(t, settings.ForServe, env(url, settings.Environment{"MIGRATE": "true"}))
		wantGood(t, found)
		wantOne(t, found, "schema", OK, "", "a start applies", "pending migrations")
		found = examine(t, settings.ForServe, env(url, nil))
		wantOne(t, found, "schema", Failure, "DATABASE_URL", "older than this version needs", "run vestibule migrate up")
		for _, check := range []string{"writes", "triggers", "secrets", "keys"} {
			wantOne(t, found, check, Warning, "DATABASE_URL", "must be usable before this can be checked")
		}
		storetest.Open(t, url).Exec(t, `CREATE TABLE tasks (id int)`)
		found = examine(t, settings.ForServe, env(url, settings.Environment{"MIGRATE": "true"}))
		wantOne(t, found, "schema", Failure, "DATABASE_URL", "another program already uses the same names", "tasks")
	})
}

func TestADatabaseThatCannotBeUsedIsAFailure(t *testing.T) {
	t.Parallel()
	foreign := filepath.Join(privateFolder(t), "x.db")
	if err := os.WriteFile(foreign, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ url, want string }{
		"nobody is there":  {"postgres://u:hunter2@127.0.0.1:1/x", "does not answer"},
		"LATIN1":           {pgtest.DatabaseWith(t, "ENCODING 'LATIN1' TEMPLATE template0"), "createdb --encoding=UTF8"},
		"another password": {strings.Replace(pgtest.Database(t), "pgtest-password", "hunter2", 1), "check the user, the password"},
		"no SQLite":        {"sqlite:" + foreign, "DATABASE_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := examine(t, settings.ForServe, env(tt.url, nil))
			wantOne(t, found, "database", Failure, "DATABASE_URL", tt.want)
			wantOne(t, found, "keys", Warning, "DATABASE_URL", "must be usable before this can be checked")
		})
	}
}

// TestAProtectionThatIsNotActiveIsAWarning, as in the log of a start.
func TestAProtectionThatIsNotActiveIsAWarning(t *testing.T) {
	t.Parallel()
	url := storetest.With(t, storetest.PostgresURL(t), "channel_binding", "require")
	wantOne(t, examine(t, settings.ForServe, env(url, nil)), "database", Warning, "DATABASE_URL", "asks for channel_binding, which is not done")
}

func TestALaterSchemaIsComparedWithThisVersion(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d *storetest.Database) {
		this := d.CountRows(t, `SELECT max(version_id) FROM vestibule_migrations`)
		d.Exec(t, `INSERT INTO vestibule_migrations (version_id, is_applied, compatible_with) VALUES (901, '1', 23)`)
		found := examine(t, settings.ForServe, env(d.URL, nil))
		wantGood(t, found)
		wantOne(t, found, "schema", OK, "", "a later version of vestibule", "901", fmt.Sprintf("compatibly with this one (%d)", this))
		d.Exec(t, `UPDATE vestibule_migrations SET compatible_with = 900 WHERE version_id = 901`)
		wantOne(t, examine(t, settings.ForServe, env(d.URL, nil)), "schema", Failure, "DATABASE_URL", "a later version has migrated")
	})
}

func TestADatabaseThatCannotBeWrittenIsAFailure(t *testing.T) {
	t.Parallel()
	t.Run("a standby", func(t *testing.T) {
		t.Parallel()
		server := pgtest.NewServer(t)
		url := server.Database(t)
		if err := storetest.Open(t, url).MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		server.Demote(t)
		wantOne(t, examine(t, settings.ForServe, env(url, nil)), "writes", Failure, "DATABASE_URL", "standby", "name the primary")
	})
}

func TestATriggerThatDoesNotFireIsAFailure(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d *storetest.Database) {
		drop := `DROP TRIGGER session_ended`
		if d.Engine() == "postgres" {
			drop += ` ON session`
		}
		d.Exec(t, drop)
		wantOne(t, examine(t, settings.ForServe, env(d.URL, nil)), "triggers", Failure, "DATABASE_URL", "lacks the triggers session_ended", "CREATE TRIGGER session_ended")
	})
	t.Run("one that is disabled", func(t *testing.T) {
		t.Parallel()
		d := storetest.Open(t, storetest.PostgresURL(t))
		d.Exec(t, `ALTER TABLE "user" DISABLE TRIGGER session_user_changed`)
		found := examine(t, settings.ForServe, env(d.URL, nil))
		wantOne(t, found, "triggers", Failure, "DATABASE_URL", "session_user_changed are disabled", `ALTER TABLE "user" ENABLE ALWAYS TRIGGER session_user_changed`)
		d.Exec(t, `ALTER TABLE "user" ENABLE ALWAYS TRIGGER session_user_changed`)
		d.Exec(t, `CREATE OR REPLACE FUNCTION session_ended() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`)
		found = examine(t, settings.ForServe, env(d.URL, nil))
		wantOne(t, found, "triggers", Failure, "DATABASE_URL", "the functions session_ended are not those of the migrations", "run CREATE OR REPLACE FUNCTION session_ended()")
		d.Exec(t, `CREATE OR REPLACE FUNCTION session_ended() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_notify(''vestibule_sessions'', ''ended '' || OLD.token); RETURN NULL; END'`)
		wantOne(t, examine(t, settings.ForServe, env(d.URL, nil)), "triggers", OK, "")
	})
}
