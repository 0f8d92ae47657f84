package db_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/waittest"
	"vestibule/store/db"
)

// watchUntilSilent lets s watch sessions until the test ends, and waits until it says that
// notifications do not arrive.
func watchUntilSilent(t *testing.T, s *database) (cause error) {
	t.Helper()
	silent := make(chan error, 64)
	s.OnListening(func(is bool, cause error) {
		if !is {
			silent <- cause
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { s.WatchSessions(ctx, &sessionEar{}) })
	t.Cleanup(func() { cancel(); watching.Wait() })
	return waittest.Receive(t, "the news that nothing is heard", silent)
}

func TestMissingNotificationsAreAFaultAfterAWhile(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	if err := d.NotificationsIn(db.LostAfter); err != nil {
		t.Errorf("while nobody watches: got %v, want nil", err)
	}
	hearSessions(t, d)
	if err := d.NotificationsIn(0); err != nil {
		t.Errorf("while they arrive: got %v, want nil", err)
	}
	if err := d.NotificationsIn(db.LostAfter); err == nil {
		t.Error("got no error after ten seconds without one")
	}

	nowhere := open(t, d.URL)
	if err := nowhere.ListenAt("postgres://u:hunter2@127.0.0.1:1/x"); err != nil {
		t.Fatal(err)
	}
	watchUntilSilent(t, nowhere)
	if err := nowhere.NotificationsIn(0); err != nil {
		t.Errorf("right after the first attempt: got %v, want nil", err)
	}
	if err := nowhere.NotificationsIn(db.LostAfter); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("got %v, want %v", err, db.ErrUnavailable)
	}
}

// TestAPoolerIsAFaultOnlyWhereADirectConnectionWasAskedFor: without ListenAt it is known that
// nothing arrives, and each request asks.
func TestAPoolerIsAFaultOnlyWhereADirectConnectionWasAskedFor(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	pooler := pgtest.PgBouncer(t, d.URL)
	pooled := open(t, pooler)
	if cause := watchUntilSilent(t, pooled); !errors.Is(cause, db.ErrSilent) {
		t.Fatalf("got %v, want %v", cause, db.ErrSilent)
	}
	if err := pooled.NotificationsIn(time.Hour); err != nil {
		t.Errorf("a pooler: got %v, want nil", err)
	}
	wrong := open(t, d.URL)
	if err := wrong.ListenAt(pooler); err != nil {
		t.Fatal(err)
	}
	watchUntilSilent(t, wrong)
	if err := wrong.NotificationsIn(db.LostAfter); !errors.Is(err, db.ErrSilent) {
		t.Errorf("a pooler for ListenAt: got %v, want %v", err, db.ErrSilent)
	}
}

func TestSQLiteNeedsNoNotifications(t *testing.T) {
	t.Parallel()
	if err := migrated(t, variants()[0]).Notifications(); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}
