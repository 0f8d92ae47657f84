package session

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestCookieIsSentAgainAfterAnExtensionByAnyRequest(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		renewed := func() *http.Cookie {
			f.t.Helper()
			live, err := f.Read(r)
			if err != nil {
				f.t.Fatal(err)
			}
			c, err := f.Renewed(f.t.Context(), live)
			if err != nil {
				f.t.Fatal(err)
			}
			return c
		}
		if c := renewed(); c != nil {
			f.t.Errorf("got %v before any extension, want none", c)
		}
		f.clock.Advance(day)
		f.wantLive(r) // a proxied request extends the row
		f.clock.Advance(time.Hour)
		c := renewed()
		if c == nil || !strings.HasSuffix(r.Header.Get("Cookie"), c.Value) {
			f.t.Fatalf("got %v, want the same value again", c)
		}
		if want := int((7*day - time.Hour) / time.Second); c.MaxAge != want {
			f.t.Errorf("got Max-Age %d, want what is left of the session, %d", c.MaxAge, want)
		}
		if c := renewed(); c != nil {
			f.t.Errorf("got %v, want it sent once", c)
		}
	})
}

func TestCookieOfASessionThatHasJustEndedIsNotSent(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		row, r := f.signIn(true, nil)
		f.clock.Advance(day)
		live, err := f.Read(r)
		if err != nil {
			f.t.Fatal(err)
		}
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil {
			f.t.Fatal(err)
		}
		if c, err := f.Renewed(f.t.Context(), live); c != nil || !errors.Is(err, ErrEnded) {
			f.t.Errorf("got %v, %v; want no cookie and %v", c, err, ErrEnded)
		}
	})
}

// TestANewCookieLivesAsLongAsItsSession: this holds even if the database was slow.
func TestANewCookieLivesAsLongAsItsSession(t *testing.T) {
	t.Parallel()
	each(t, time.Minute, func(f *fixture) {
		next := f.Prepare(requestWith(), userID, true)
		f.clock.Advance(3 * time.Second)
		cookie := f.Started(next)
		if want := int(7 * day / time.Second); cookie.MaxAge != want {
			f.t.Errorf("got Max-Age %d, want %d", cookie.MaxAge, want)
		}
	})
}
