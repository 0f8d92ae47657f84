package db_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"vestibule/store/db"
)

// wantTriggers checks which triggers are reported, and that no earlier read counts as current
// meanwhile.
func wantTriggers(t *testing.T, d *database, what string, missing, off []string) {
	t.Helper()
	err := d.CheckTriggers(t.Context())
	_, versionErr := d.Version(t.Context())
	fault, found := errors.AsType[*db.TriggerFault](err)
	switch {
	case len(missing)+len(off) == 0:
		if err != nil || versionErr != nil {
			t.Errorf("%s: got %v and the version's error %v, want nil", what, err, versionErr)
		}
	case !found || !slices.Equal(fault.Missing, missing) || !slices.Equal(fault.Off, off):
		t.Errorf("%s: got %v, want %v missing and %v disabled", what, err, missing, off)
	case !errors.Is(versionErr, fault):
		t.Errorf("%s: got the version's error %v, want %v", what, versionErr, fault)
	}
}

// versionOf returns the version, which must be known.
func versionOf(t *testing.T, d *database) int64 {
	t.Helper()
	n, err := d.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestATriggerThatDoesNotFireIsFound(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	hearSessions(t, d)
	wantTriggers(t, d, "at first", nil, nil)
	for name, table := range map[string]string{
		"session_ended": "session", "session_changed": "session", "session_renamed": "session", "session_all_ended": "session",
		"session_user_changed": `"user"`,
	} {
		before := versionOf(t, d)
		alter := func(how string) { d.Exec(t, fmt.Sprintf(`ALTER TABLE %s %s TRIGGER %s`, table, how, name)) }
		for _, how := range []string{"DISABLE", "ENABLE REPLICA"} {
			alter(how)
			wantTriggers(t, d, how+" "+name, nil, []string{name})
			wantTriggers(t, d, "again", nil, []string{name})
		}
		alter("ENABLE")
		wantTriggers(t, d, "enabled", nil, nil)
		if now := versionOf(t, d); now == before {
			t.Errorf("%s: got version %d again, and a change may have been missed", name, now)
		}
		alter("ENABLE ALWAYS")
		wantTriggers(t, d, "enabled always", nil, nil)
		d.Exec(t, `DROP TRIGGER `+name+` ON `+table)
		wantTriggers(t, d, "dropped", []string{name}, nil)
		d.Exec(t, `CREATE TRIGGER `+name+` AFTER TRUNCATE ON `+table+` EXECUTE FUNCTION session_all_ended()`)
		wantTriggers(t, d, "created", nil, nil)
	}
}

func TestADroppedTriggerOfSQLiteIsFound(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	wantTriggers(t, d, "at first", nil, nil)
	for name, table := range map[string]string{"session_ended": "session", "session_changed": "session", "session_user_changed": `"user"`} {
		before := versionOf(t, d)
		d.Exec(t, `DROP TRIGGER `+name)
		wantTriggers(t, d, "dropped "+name, []string{name}, nil)
		d.Exec(t, `CREATE TRIGGER `+name+` AFTER UPDATE ON `+table+` BEGIN UPDATE session_changes SET n = n + 1; END`)
		wantTriggers(t, d, "created", nil, nil)
		if now := versionOf(t, d); now == before {
			t.Errorf("%s: got version %d again, and a change may have been missed", name, now)
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
