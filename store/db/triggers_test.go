package db_test

import (
	"errors"
	"reflect"
	"testing"

	"vestibule/internal/waittest"
	"vestibule/store/db"
)

// wantTriggers checks which fault of the triggers is reported, and that no earlier read counts
// as current meanwhile. It returns the fault.
func wantTriggers(t *testing.T, d *database, what string, want db.TriggerFault) *db.TriggerFault {
	t.Helper()
	err := d.CheckTriggers(t.Context())
	fault, found := errors.AsType[*db.TriggerFault](err)
	_, versionErr := d.Version(t.Context())
	kept, _ := errors.AsType[*db.TriggerFault](versionErr)
	if !found || !reflect.DeepEqual(*fault, want) {
		t.Errorf("%s: got %v, want %v", what, err, &want)
	}
	if kept == nil || kept.Error() != want.Error() {
		t.Errorf("%s: got the version's error %v, want %v", what, versionErr, &want)
	}
	return fault
}

// wantCured checks that the cure of a fault ends it, and that nothing from before counts as
// current.
func wantCured(t *testing.T, d *database, what string, fault *db.TriggerFault, before int64) {
	t.Helper()
	d.Exec(t, d.TriggerCure(fault))
	if err := d.CheckTriggers(t.Context()); err != nil {
		t.Errorf("%s: after %s: got %v", what, d.TriggerCure(fault), err)
	}
	if now := versionOf(t, d); now == before {
		t.Errorf("%s: got version %d again, and a change may have been missed", what, now)
	}
}

// versionOf returns the version. It waits for the heartbeat after a change of the triggers.
func versionOf(t *testing.T, d *database) (n int64) {
	t.Helper()
	waittest.Until(t, "a version", func() bool {
		var err error
		n, err = d.Version(t.Context())
		return err == nil
	})
	return n
}

func TestATriggerThatDoesNotFireIsFound(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	hearSessions(t, d)
	for name, table := range map[string]string{
		"session_ended": "session", "session_changed": "session", "session_renamed": "session", "session_all_ended": "session",
		"session_user_changed": `"user"`, "session_user_deleted": `"user"`,
	} {
		off, missing, changed := db.TriggerFault{Off: []string{name}}, db.TriggerFault{Missing: []string{name}}, db.TriggerFault{Changed: []string{name}}
		drop, always := `DROP TRIGGER `+name+` ON `+table, `; ALTER TABLE `+table+` ENABLE ALWAYS TRIGGER `+name
		for statement, want := range map[string]db.TriggerFault{
			`ALTER TABLE ` + table + ` DISABLE TRIGGER ` + name:        off,
			`ALTER TABLE ` + table + ` ENABLE REPLICA TRIGGER ` + name: off,
			`ALTER TABLE ` + table + ` ENABLE TRIGGER ` + name:         off,
			drop: missing,
			drop + `; CREATE TRIGGER ` + name + ` AFTER INSERT ON ` + table + ` EXECUTE FUNCTION session_all_ended()` + always:                               changed,
			drop + `; CREATE TRIGGER ` + name + ` AFTER UPDATE OF id ON ` + table + ` FOR EACH ROW EXECUTE FUNCTION session_ended()` + always:                changed,
			drop + `; CREATE TRIGGER ` + name + ` AFTER DELETE ON ` + table + ` FOR EACH ROW WHEN (false) EXECUTE FUNCTION session_ended()` + always:         changed,
			drop + `; CREATE TRIGGER ` + name + ` BEFORE UPDATE ON ` + table + ` FOR EACH ROW WHEN (false) EXECUTE FUNCTION session_user_changed()` + always: changed,
		} {
			before := versionOf(t, d)
			d.Exec(t, statement)
			fault := wantTriggers(t, d, statement, want)
			wantTriggers(t, d, "again", want)
			wantCured(t, d, statement, fault, before)
		}
	}
	before, condition := versionOf(t, d), `DROP TRIGGER session_ended ON session; CREATE TRIGGER session_ended AFTER DELETE ON session FOR EACH ROW WHEN (false) EXECUTE FUNCTION session_ended();
		ALTER TABLE session ENABLE ALWAYS TRIGGER session_ended`
	d.Exec(t, condition)
	wantCured(t, d, condition, wantTriggers(t, d, condition, db.TriggerFault{Changed: []string{"session_ended"}}), before)
	for _, function := range []string{"session_ended", "session_changed", "session_all_ended", "session_user_changed"} {
		before := versionOf(t, d)
		d.Exec(t, `CREATE OR REPLACE FUNCTION `+function+`() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`)
		fault := wantTriggers(t, d, function, db.TriggerFault{Rewrote: []string{function}})
		wantCured(t, d, function, fault, before)
	}
	for statement, want := range map[string]db.TriggerFault{
		`DROP FUNCTION session_ended() CASCADE`:                  {Missing: []string{"session_ended", "session_renamed"}},
		`DROP FUNCTION session_user_changed() CASCADE`:           {Missing: []string{"session_user_changed", "session_user_deleted"}},
		`ALTER FUNCTION session_user_changed() SECURITY INVOKER`: {Rewrote: []string{"session_user_changed"}},
		`ALTER FUNCTION session_user_changed() RESET ALL`:        {Rewrote: []string{"session_user_changed"}},
		`DROP TRIGGER session_user_deleted ON "user"; CREATE TRIGGER session_user_deleted AFTER DELETE ON session
			FOR EACH ROW EXECUTE FUNCTION session_user_changed(); ALTER TABLE session ENABLE ALWAYS TRIGGER session_user_deleted`: {Changed: []string{"session_user_deleted"}},
	} {
		before := versionOf(t, d)
		d.Exec(t, statement)
		wantCured(t, d, statement, wantTriggers(t, d, statement, want), before)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM pg_proc WHERE proname = 'session_user_changed' AND proacl IS NULL`); n != 0 {
		t.Error("after the cure, any role can use the function for triggers of its own")
	}
}

func TestADroppedTriggerOfSQLiteIsFound(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	for name, table := range map[string]string{"session_ended": "session", "session_changed": "session", "session_user_changed": `"user"`, "session_user_deleted": `"user"`} {
		for statement, want := range map[string]db.TriggerFault{
			`DROP TRIGGER ` + name: {Missing: []string{name}},
			`DROP TRIGGER ` + name + `; CREATE TRIGGER ` + name + ` AFTER UPDATE ON ` + table + ` WHEN 0 BEGIN UPDATE session_changes SET n = n + 1; END`: {Changed: []string{name}},
		} {
			before := versionOf(t, d)
			d.Exec(t, statement)
			wantCured(t, d, statement, wantTriggers(t, d, statement, want), before)
		}
	}
}

// TestAFaultOfTheDatabaseIsNoneOfTheTriggers: nothing is known about them then.
func TestAFaultOfTheDatabaseIsNoneOfTheTriggers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		_ = d.Close()
		if _, fault := errors.AsType[*db.TriggerFault](d.CheckTriggers(t.Context())); fault {
			t.Error("got a fault of the triggers")
		}
	})
}
