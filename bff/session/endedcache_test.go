package session

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/internal/opaque"
	"vestibule/store"
)

// TestLookupsOfAnEndedSessionAreLimited: this holds for every kind of request with its cookie.
// A sign-out with it writes nothing.
func TestLookupsOfAnEndedSessionAreLimited(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		token := opaque.NewToken()
		r, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, "/", nil)
		if err != nil {
			f.t.Fatal(err)
		}
		r.AddCookie(f.Cookie.build(token, browserSession))
		if err := f.signOut(r); err != nil {
			f.t.Errorf("sign-out of an ended session: got %v, want no error", err)
		}
		f.spy.reads.Store(0)
		for i := range maxEndedLookups - 1 {
			if _, err := f.Check(r); !errors.Is(err, ErrEnded) || errors.Is(err, ErrReplaced) {
				f.t.Fatalf("time %d: got %v, want %v", i+1, err, ErrEnded)
			}
		}
		if n := f.spy.reads.Swap(0); n != maxEndedLookups-1 {
			f.t.Errorf("got %d reads, want %d", n, maxEndedLookups-1)
		}
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				for _, ask := range []func(*http.Request) (*Live, error){f.Check, f.Read, f.Peek} {
					// The session may have been replaced: the answer must not clear a cookie.
					if _, err := ask(r); !errors.Is(err, ErrEnded) || !errors.Is(err, ErrReplaced) {
						f.t.Errorf("got %v, want it refused from memory", err)
					}
				}
				if err := f.signOut(r); !errors.Is(err, ErrTooOften) {
					f.t.Errorf("sign-out: got %v, want %v", err, ErrTooOften)
				}
			})
		}
		wg.Wait()
		if n := f.spy.reads.Swap(0); n != 0 {
			f.t.Errorf("got %d reads of a session that is known to have ended", n)
		}
		if n := f.spy.ends.Load(); n != 0 {
			f.t.Errorf("got %d calls that write, want none", n)
		}
		f.clock.Advance(endedWindow)
		if _, err := f.Check(r); !errors.Is(err, ErrEnded) || errors.Is(err, ErrReplaced) {
			f.t.Errorf("after a while: got %v, want %v", err, ErrEnded)
		}
		if n := f.spy.reads.Load(); n != 1 {
			f.t.Errorf("after a while: got %d reads, want another lookup", n)
		}
	})
}

// TestARestoredSessionIsNotRefused: after its row is restored, any number of requests pass.
func TestARestoredSessionIsNotRefused(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		row, r := f.signIn(true, nil)
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil {
			f.t.Fatal(err)
		}
		f.wantErr(r, ErrEnded)
		if err := f.db.Tx(f.t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(row) }); err != nil {
			f.t.Fatal(err)
		}
		for i := range 3 * maxEndedLookups {
			if _, err := f.Check(r); err != nil {
				f.t.Fatalf("time %d: got %v, want it alive", i+1, err)
			}
		}
	})
}

func TestTheMemoryOfEndedSessionsIsBounded(t *testing.T) {
	t.Parallel()
	d, err := newEndedCache()
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxEnded + 10 {
		d.add(strconv.Itoa(i), start)
	}
	if n := d.entries.Len(); n != maxEnded {
		t.Errorf("got %d remembered, want %d", n, maxEnded)
	}
}

// TestAClockSetBackStartsANewWindow: otherwise the session would be refused without a query
// until the clock has caught up.
func TestAClockSetBackStartsANewWindow(t *testing.T) {
	t.Parallel()
	d, err := newEndedCache()
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Repeat("0", 64)
	d.add(hash, start.Add(time.Hour))
	for range maxEndedLookups {
		d.tooOften(hash, start.Add(time.Hour))
	}
	if !d.tooOften(hash, start.Add(time.Hour)) {
		t.Fatal("the number of lookups is not limited")
	}
	if d.tooOften(hash, start) {
		t.Error("the session is refused although the clock was set back")
	}
}
