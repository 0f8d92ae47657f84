package session

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// instances returns two instances of the BFF on one PostgreSQL database. The first hears
// notifications through the proxy.
func instances(t *testing.T) (here, elsewhere *fixture, proxy *storetest.Proxy) {
	t.Helper()
	url := storetest.PostgresURL(t)
	proxy = storetest.NewProxy(t, url, nil)
	var all []*fixture
	for _, listenAt := range []string{proxy.URL, url} {
		db := storetest.Open(t, url)
		if err := db.ListenAt(listenAt); err != nil {
			t.Fatal(err)
		}
		f := newFixture(t, db.Store, time.Minute)
		f.clock.Set(time.Now().UTC().Truncate(time.Millisecond)) // the database compares expiries with its own clock
		f.Version = db.Version
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { f.Run(ctx) })
		t.Cleanup(func() { cancel(); running.Wait() })
		waittest.Until(t, "notifications arrive", func() bool { _, err := db.Version(t.Context()); return err == nil })
		all = append(all, f)
	}
	here, elsewhere = all[0], all[1]
	now := here.now()
	if err := here.db.Tx(t.Context(), "test", func(tx *store.Tx) error {
		return tx.CreateUser(store.User{ID: userID, Name: "T", Email: "t@example.com", CreatedAt: now, UpdatedAt: now}, "x")
	}); err != nil {
		t.Fatal(err)
	}
	return here, elsewhere, proxy
}

// TestALiveSessionCostsNoQuery, and one that was ended at another instance soon opens
// nothing.
func TestALiveSessionCostsNoQuery(t *testing.T) {
	t.Parallel()
	here, elsewhere, _ := instances(t)
	var lags []time.Duration
	for range 100 {
		_, r := elsewhere.signIn(true, nil)
		here.wantLive(r)
		here.spy.reads.Store(0)
		for range 20 {
			here.wantLive(r)
		}
		if n := here.spy.reads.Load(); n > 1 { // a heartbeat may be late on a busy machine
			t.Logf("got %d queries for a live session", n)
		}
		if err := elsewhere.signOut(r); err != nil {
			t.Fatal(err)
		}
		ended := time.Now()
		for {
			_, err := here.Check(r)
			if errors.Is(err, ErrEnded) {
				break
			}
			if err != nil || time.Since(ended) > waittest.Patience {
				t.Fatalf("%v after the end elsewhere: got %v, want %v", time.Since(ended), err, ErrEnded)
			}
		}
		lags = append(lags, time.Since(ended))
	}
	slices.Sort(lags)
	t.Logf("an end elsewhere was seen after %v (median), %v (p99), %v (longest)", lags[50], lags[98], lags[99])
}

// TestASilentNetworkDelaysTheEndOfASessionByTwoSeconds at most: the network swallows the
// packets of the connection that listens, and closes nothing.
func TestASilentNetworkDelaysTheEndOfASessionByTwoSeconds(t *testing.T) {
	t.Parallel()
	here, elsewhere, proxy := instances(t)
	var longest time.Duration
	for range 5 {
		_, r := elsewhere.signIn(true, nil)
		here.wantLive(r)
		stream, leave := bound(t.Context(), here.Sessions, here.wantLive(r))
		defer leave()
		here.clock.Advance(2 * grace)
		proxy.Freeze()
		if err := elsewhere.signOut(r); err != nil {
			t.Fatal(err)
		}
		ended := time.Now()
		for {
			asked := time.Since(ended)
			_, err := here.Check(r)
			if errors.Is(err, ErrEnded) {
				break
			}
			if err != nil || asked > 2*time.Second {
				t.Fatalf("a request %v after the end elsewhere: got %v, want %v", asked, err, ErrEnded)
			}
			longest = max(longest, asked)
		}
		waittest.Receive(t, "the end of the stream", stream.Done())
		proxy.Thaw()
		waittest.Until(t, "notifications arrive again", func() bool { _, err := here.Version(t.Context()); return err == nil })
	}
	t.Logf("the last request that was let in came %v after the end of its session", longest)
}
