package db_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// withoutCatalog returns a database, and the same one for a role that may not read a table of
// the catalog.
func withoutCatalog(t *testing.T) (d, theirs *database) {
	t.Helper()
	d = migrated(t, variants()[1])
	d.Exec(t, `REVOKE SELECT ON pg_catalog.pg_proc FROM PUBLIC`)
	role := "strict_" + strings.ToLower(storetest.NewHash()[:16])
	d.Exec(t, `CREATE ROLE `+role+` LOGIN PASSWORD 'pgtest-password'; GRANT ALL ON ALL TABLES IN SCHEMA public TO `+role)
	t.Cleanup(func() { d.Exec(t, `DROP OWNED BY `+role); d.Exec(t, `DROP ROLE `+role) })
	return d, open(t, strings.Replace(d.URL, "//pgtest:", "//"+role+":", 1))
}

// TestARoleWithoutRightsOnTheCatalogHears: no session is believed then, but changes of tasks
// arrive at once.
func TestARoleWithoutRightsOnTheCatalogHears(t *testing.T) {
	t.Parallel()
	_, theirs := withoutCatalog(t)
	listening := make(chan bool, 1)
	theirs.OnListening(func(is bool, cause error) {
		if !is {
			t.Log(cause)
			return
		}
		select {
		case listening <- is:
		default:
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { theirs.WatchSessions(ctx, &sessionEar{}) })
	defer func() { cancel(); watching.Wait() }()
	waittest.Receive(t, "the first notification", listening)
	if _, err := theirs.Version(t.Context()); err == nil {
		t.Error("sessions are believed, although nobody has checked the triggers")
	}
}

// TestARoleWithoutRightsOnTheCatalogAsksSeldom: the server logs each refusal.
func TestARoleWithoutRightsOnTheCatalogAsksSeldom(t *testing.T) {
	t.Parallel()
	d, theirs := withoutCatalog(t)
	beat := func(believed bool) {
		t.Helper()
		if err := theirs.Heartbeat(t.Context()); err != nil {
			t.Error(err)
		}
		if got := theirs.TriggersFound(); got != believed {
			t.Errorf("triggers found: %t, want %t", got, believed)
		}
	}
	beat(false)
	d.Exec(t, `GRANT SELECT ON pg_catalog.pg_proc TO PUBLIC`)
	beat(false) // it has not asked
	theirs.AskAgain()
	beat(true)
}

// TestALockedTableDelaysAHeartbeatForAMoment: announcements of tasks wait for its connection.
func TestALockedTableDelaysAHeartbeatForAMoment(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	patient := openWithin(t, d.URL, 2*waittest.Patience)
	lock, err := d.Pools()["write"].BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback() }()
	if _, err := lock.ExecContext(t.Context(), `LOCK TABLE session, "user" IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() { sent <- patient.Heartbeat(t.Context()) }()
	if err := waittest.Receive(t, "the heartbeat", sent); err != nil {
		t.Error(err)
	}
	if patient.TriggersFound() {
		t.Error("the lock did not keep the check waiting, so this shows nothing")
	}
}
