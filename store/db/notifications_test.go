package db_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
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

// TestASilentFirstConnectionIsReplacedSoon: the network has lost it. Nothing tells it from a
// pooler in transaction mode, except that ListenAt asks for a direct connection.
func TestASilentFirstConnectionIsReplacedSoon(t *testing.T) {
	t.Parallel()
	for name, direct := range map[string]bool{"of ListenAt": true, "of Open": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := storetest.PostgresURL(t)
			p := newProxy(t, url, nil)
			s := open(t, p.URL)
			if direct {
				s = open(t, url)
				if err := s.ListenAt(p.URL); err != nil {
					t.Fatal(err)
				}
			}
			p.DropAfterListen()
			watchUntilSilent(t, s)
			waittest.Until(t, "notifications arrive", func() bool {
				_, err := s.Version(t.Context())
				return err == nil
			})
		})
	}
}

// TestAttemptsToListenBecomeRareBehindAPooler, but not where it can be no pooler, or where
// the connection is refused.
func TestAttemptsToListenBecomeRareBehindAPooler(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		direct      bool
		err         error
		first, most time.Duration // about
	}{
		{"a pooler", false, db.ErrSilent, 5 * time.Second, 5 * time.Minute},
		{"a direct connection", true, db.ErrSilent, 100 * time.Millisecond, 15 * time.Second},
		{"a refused one", false, db.ErrUnavailable, 100 * time.Millisecond, 15 * time.Second},
	} {
		about := tt.first
		for i, got := range db.ListenPauses(tt.direct, tt.err, 12) {
			if got < about/2 || got >= about*3/2 {
				t.Errorf("%s: got %v before attempt %d, want about %v", tt.name, got, i+2, about)
			}
			about = min(2*about, tt.most)
		}
	}
}
