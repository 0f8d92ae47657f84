package db_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
	"vestibule/store/db"
)

// aSession returns a session that lives for an hour.
func aSession(t *testing.T, d *database, userID string) store.Session {
	t.Helper()
	s := newSession(userID)
	s.ExpiresAt = time.Now().Add(time.Hour)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(s) }); err != nil {
		t.Fatal(err)
	}
	return s
}

// wantTold waits until it is told.
func wantTold(t *testing.T, ear *sessionEar, want string) {
	t.Helper()
	waittest.Until(t, want, func() bool { return slices.Contains(ear.take(), want) })
}

// TestEndsThatNoTriggerSeesChangeTheVersion: heartbeats alone notice, without CheckTriggers.
// In the end all is as before, so a look from time to time would find nothing.
func TestEndsThatNoTriggerSeesChangeTheVersion(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	hearSessions(t, d)
	const copied = `CREATE TABLE session (LIKE copied INCLUDING ALL)`
	for name, statement := range map[string]string{
		"a trigger off and on": `ALTER TABLE session DISABLE TRIGGER session_ended; DELETE FROM session; ALTER TABLE session ENABLE ALWAYS TRIGGER session_ended`,
		"a trigger created again": `DROP TRIGGER session_ended ON session; DELETE FROM session; CREATE TRIGGER session_ended AFTER DELETE ON session
			FOR EACH ROW WHEN (OLD."expiresAt" > now()) EXECUTE FUNCTION session_ended(); ALTER TABLE session ENABLE ALWAYS TRIGGER session_ended`,
		"a function replaced by itself": `DO $do$ BEGIN EXECUTE pg_get_functiondef('session_ended'::regproc); END $do$`,
		"rewritten rows":                `ALTER TABLE session ALTER COLUMN "userAgent" TYPE text USING 'x' || "userAgent"`,
	} {
		before := versionOf(t, d)
		d.Exec(t, statement)
		waittest.Until(t, name+": another version", func() bool {
			now, err := d.Version(t.Context())
			return err == nil && now != before
		})
	}
	d.Exec(t, `ALTER TABLE session RENAME TO copied; `+copied)
	waittest.Until(t, "a table that was created again: the version's error", func() bool {
		_, err := d.Version(t.Context())
		return err != nil && strings.Contains(err.Error(), "lacks the triggers session_ended")
	})
}

func TestNothingIsCurrentBeforeChangedTriggersAreChecked(t *testing.T) {
	if err := db.BelievedWith("1", "1"); err != nil {
		t.Errorf("the checked state: got error %v", err)
	}
	if err := db.BelievedWith("2", "1"); err == nil {
		t.Error("another state: got no error")
	}
}

// TestEndsInTheReplicaRoleAreTold: a tool that copies data sets it, and so does replication.
// Foreign keys rest there, so a user's sessions are left.
func TestEndsInTheReplicaRoleAreTold(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	ear := hearSessions(t, d)
	const replica = `SET session_replication_role = replica; `
	u, _ := signedUp(t, d)
	s := aSession(t, d, u.ID)
	d.Exec(t, replica+`DELETE FROM session WHERE id = '`+s.ID+`'`)
	wantTold(t, ear, "ended "+s.TokenHash)
	s = aSession(t, d, u.ID)
	d.Exec(t, replica+`UPDATE session SET "provenAt" = now() WHERE id = '`+s.ID+`'`)
	wantTold(t, ear, "changed "+s.TokenHash)
	d.Exec(t, replica+`UPDATE "user" SET "disabledAt" = now()`)
	wantTold(t, ear, "changed "+s.TokenHash)
	d.Exec(t, replica+`UPDATE session SET token = repeat('a', 64) WHERE id = '`+s.ID+`'`)
	wantTold(t, ear, "ended "+s.TokenHash)
	d.Exec(t, replica+`DELETE FROM "user"`)
	wantTold(t, ear, "changed "+strings.Repeat("a", 64))
	d.Exec(t, replica+`TRUNCATE session CASCADE`)
	wantTold(t, ear, "all")
}

// TestAUserDeletedWithoutForeignKeysOfSQLiteIsCounted: the sqlite3 shell has them off.
func TestAUserDeletedWithoutForeignKeysOfSQLiteIsCounted(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	u, _ := signedUp(t, d)
	aSession(t, d, u.ID)
	before := versionOf(t, d)
	d.Exec(t, `PRAGMA foreign_keys = OFF; DELETE FROM "user"`)
	waittest.Until(t, "another version", func() bool { return versionOf(t, d) != before })
}

// TestARoleWithoutRightsOnSessionsChangesUsers, and cannot choose what the trigger reads for
// it: also a schema of the URL and a temporary table of its own lead to the real sessions.
func TestARoleWithoutRightsOnSessionsChangesUsers(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{"public", "We, ird"} {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			v := variants()[1]
			url, direct := v.New(t)
			(&database{Direct: direct}).Exec(t, `CREATE SCHEMA IF NOT EXISTS "`+schema+`"`)
			d := open(t, storetest.With(t, url, "search_path", `"`+schema+`"`))
			if err := d.MigrateUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.Direct = d.URL
			ear := hearSessions(t, d)
			u, _ := signedUp(t, d)
			s := aSession(t, d, u.ID)
			role := "support_" + strings.ToLower(storetest.NewHash()[:16])
			d.Exec(t, `CREATE ROLE `+role+` LOGIN PASSWORD 'pgtest-password'; GRANT USAGE ON SCHEMA "`+schema+`" TO `+role+`; GRANT SELECT, UPDATE ON "user" TO `+role)
			t.Cleanup(func() { d.Exec(t, `DROP OWNED BY `+role); d.Exec(t, `DROP ROLE `+role) })
			theirs := &database{Direct: strings.Replace(d.URL, "//pgtest:", "//"+role+":", 1)}
			theirs.Exec(t, `UPDATE "user" SET name = name || 'x'`)
			wantTold(t, ear, "changed "+s.TokenHash)
			theirs.Exec(t, `CREATE TEMPORARY TABLE session (token text, "userId" text, "expiresAt" timestamptz); UPDATE "user" SET name = name || 'y'`)
			wantTold(t, ear, "changed "+s.TokenHash)
			if n := d.CountRows(t, `SELECT count(*) FROM pg_proc WHERE proname = 'session_user_changed' AND has_function_privilege(?, oid, 'EXECUTE')`, role); n != 0 {
				t.Error("another role can use the function for triggers of its own")
			}
		})
	}
}

// TestTriggersAreCheckedBesideBusyConnections: while they are not checked, every request reads
// its session, so these connections are busy.
func TestTriggersAreCheckedBesideBusyConnections(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	hearSessions(t, d)
	before := versionOf(t, d)
	for range d.Shares().Read {
		rows, err := d.Read().QueryContext(t.Context(), `SELECT 1`) // has the connection until it is closed
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
	}
	d.Exec(t, `ALTER TABLE session DISABLE TRIGGER session_ended; ALTER TABLE session ENABLE ALWAYS TRIGGER session_ended`)
	waittest.Until(t, "another version", func() bool {
		now, err := d.Version(t.Context())
		return err == nil && now != before
	})
}
