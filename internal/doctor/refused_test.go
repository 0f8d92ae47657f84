package doctor

import (
	"slices"
	"strings"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/storetest"
)

// TestAMissingPermissionIsNamed, with the statement that gives it.
func TestAMissingPermissionIsNamed(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	d := storetest.Open(t, url)
	role := "reader_" + strings.ToLower(storetest.NewHash()[:16])
	d.Exec(t, `CREATE ROLE `+role+` LOGIN PASSWORD 'pgtest-password'`)
	t.Cleanup(func() { d.Exec(t, `DROP OWNED BY `+role); d.Exec(t, `DROP ROLE `+role) })
	limited := env(strings.Replace(url, "//pgtest:", "//"+role+":", 1), nil)

	found := examine(t, settings.ForServe, limited)
	wantOne(t, found, "schema", Failure, "DATABASE_URL", "lacks permissions", "run as the owner of the tables: GRANT SELECT ON vestibule_migrations TO "+role+"; GRANT SELECT, INSERT, UPDATE, DELETE ON ", ` "user"`, " session, ")
	if text := of(found, "schema")[0].Text(); strings.Contains(text, "CREATE SCHEMA") {
		t.Errorf("got %q, which is no cure where the tables are there", text)
	}
	d.Exec(t, `GRANT SELECT ON vestibule_migrations TO `+role)
	d.Exec(t, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO `+role)
	found = examine(t, settings.ForServe, limited)
	wantOne(t, found, "schema", OK, "")
	wantOne(t, found, "writes", Failure, "DATABASE_URL", "lacks permissions", "GRANT INSERT, UPDATE, DELETE ON ")
	d.Exec(t, `GRANT ALL ON ALL TABLES IN SCHEMA public TO `+role)
	wantOne(t, examine(t, settings.ForServe, limited), "writes", OK, "")
	d.Exec(t, `REVOKE DELETE ON session FROM `+role)
	wantOne(t, examine(t, settings.ForServe, limited), "writes", Failure, "DATABASE_URL", "table session", "run as the owner of the tables: GRANT DELETE ON session TO "+role)
}

// TestALockedTableIsNoDatabaseThatIsAway: it answers, so there is nothing to start.
func TestALockedTableIsNoDatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	for table, checks := range map[string][]string{
		"vestibule_migrations": {"schema"},
		"session":              {"writes", "triggers"},
		"instance":             {"writes", "clocks", "secrets", "keys"},
	} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			url := storetest.PostgresURL(t)
			tx, err := storetest.Open(t, url).Raw(t).Begin()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			if _, err := tx.Exec(`LOCK TABLE ` + table + ` IN ACCESS EXCLUSIVE MODE`); err != nil {
				t.Fatal(err)
			}
			found := examine(t, settings.ForServe, env(url, nil))
			wantOne(t, found, "database", OK, "")
			for _, check := range checks {
				wantOne(t, found, check, Failure, "DATABASE_URL", "answers, but not this check", "a table is locked", "pg_terminate_backend")
			}
			for _, r := range found {
				if r.State == Failure && !slices.Contains(checks, r.Check) {
					t.Errorf("got a failure of %s: %s", r.Check, r.Text())
				}
			}
		})
	}
}

// TestADatabaseThatGoesSilentIsNotCalledLocked, though it has answered earlier checks.
func TestADatabaseThatGoesSilentIsNotCalledLocked(t *testing.T) {
	t.Parallel()
	p := storetest.NewProxy(t, storetest.PostgresURL(t), nil)
	c, faults := settings.Examine(settings.ForServe, nil, env(p.URL, nil))
	in := &Installation{Settings: c, Faults: faults, By: settings.ForServe}
	t.Cleanup(in.close)
	if found := in.database(t.Context()); len(found) != 1 || found[0].State != OK {
		t.Fatalf("got %+v, want an open database", found)
	}
	p.Freeze()
	for name, found := range map[string][]Result{"keys": in.keys(t.Context(), in.opened.Load()), "writes": in.writes(t.Context(), in.opened.Load())} {
		if len(found) != 1 || found[0].State != Failure || strings.Contains(found[0].Text(), "locked") {
			t.Errorf("%s: got %+v, want one failure, and not of a lock", name, found)
		}
	}
}

// TestAMistakeInTheURLForNotificationsLeavesOutNothingElse.
func TestAMistakeInTheURLForNotificationsLeavesOutNothingElse(t *testing.T) {
	t.Parallel()
	e := env(storetest.PostgresURL(t), settings.Environment{"DATABASE_LISTEN_URL": "http://u:hunter2@127.0.0.1/x"})
	found := examine(t, settings.ForServe, e)
	wantOne(t, found, "settings", Failure, "DATABASE_LISTEN_URL", "is not a PostgreSQL URL")
	wantOne(t, found, "notifications", Warning, "DATABASE_LISTEN_URL", "must be usable before this can be checked")
	for _, check := range []string{"database", "schema", "writes", "triggers", "connections", "secrets", "keys"} {
		wantOne(t, found, check, OK, "")
	}
	wantOne(t, found, "connections", OK, "", "compare that with the pooler's limits") // whoever sets it has one
	onFile := env("sqlite:"+migratedFile(t), settings.Environment{"DATABASE_LISTEN_URL": "postgres://127.0.0.1/x"})
	wantOne(t, examine(t, settings.ForServe, onFile), "database", OK, "")
}
