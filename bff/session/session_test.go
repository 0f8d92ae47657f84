package session

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSignInEndsThePresentedSession(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		old, first := f.signIn(true, nil)
		f.wantLive(first) // now in the cache
		row, second := f.signIn(true, first)
		f.wantErr(first, ErrEnded)
		if live := f.wantLive(second); live.ID != row.ID || live.ID == old.ID {
			f.t.Errorf("got session %s, want the new %s", live.ID, row.ID)
		}
	})
}

func TestSignOutEndsTheSessionAtTheNextRequest(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.wantLive(r)
		if err := f.signOut(r); err != nil {
			f.t.Fatal(err)
		}
		f.wantErr(r, ErrEnded)
		if err := f.signOut(r); err != nil {
			f.t.Errorf("got %v, want a second sign-out to succeed", err)
		}
	})
}

func TestSignOutEndsTheSessionOfEveryCookie(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, one := f.signIn(true, nil)
		_, two := f.signIn(true, nil)
		r := both(one, two)
		f.wantErr(r, ErrUnsigned)
		if err := f.signOut(r); err != nil {
			f.t.Fatal(err)
		}
		f.wantErr(one, ErrEnded)
		f.wantErr(two, ErrEnded)
	})
}

func TestOutageIsNotTheEndOfASession(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.wantLive(r)
		if err := f.db.Close(); err != nil {
			f.t.Fatal(err)
		}
		_, err := f.Check(r)
		if err == nil || errors.Is(err, ErrEnded) || errors.Is(err, ErrNone) || errors.Is(err, ErrUnsigned) {
			f.t.Errorf("got %v, want an error that says nothing about the session", err)
		}
		if err := f.signOut(r); err == nil {
			f.t.Error("got a sign-out that was not stored, want an error")
		}
	})
}

func TestUserAgentIsStoredAsBoundedText(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		r := requestWith()
		r.Header.Set("User-Agent", "\xff\xfe"+strings.Repeat("é", 600))
		row, req := f.signIn(true, r)
		live, err := f.Read(req)
		if err != nil {
			f.t.Fatal(err)
		}
		if len(live.UserAgent) > maxUserAgent || live.UserAgent != row.UserAgent || !strings.HasPrefix(live.UserAgent, "\uFFFD") {
			f.t.Errorf("got %d bytes %q", len(live.UserAgent), live.UserAgent)
		}
		if live.IPAddress != "192.0.2.1" {
			f.t.Errorf("got address %q", live.IPAddress)
		}
	})
}
