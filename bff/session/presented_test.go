package session

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// both is a request with the cookies of two others, in this order.
func both(a, b *http.Request) *http.Request {
	return requestWith(a.Header.Get("Cookie") + "; " + b.Header.Get("Cookie"))
}

func TestOfTwoSignedCookiesTheLiveOneCounts(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, stale := f.signIn(true, nil)
		if err := f.signOut(stale); err != nil {
			f.t.Fatal(err)
		}
		f.clock.Advance(2 * time.Minute)
		row, live := f.signIn(true, nil)
		for _, r := range []*http.Request{both(stale, live), both(live, stale)} {
			if got := f.wantLive(r); got.ID != row.ID {
				f.t.Errorf("got session %s, want %s", got.ID, row.ID)
			}
		}
		f.wantErr(both(stale, stale), ErrEnded)
		_, second := f.signIn(true, nil)
		f.wantErr(both(live, second), ErrUnsigned)
	})
}

// TestASignInResolvesAConflict: it ends all presented sessions.
func TestASignInResolvesAConflict(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, planted := f.signIn(true, nil)
		_, own := f.signIn(true, nil)
		f.wantErr(both(planted, own), ErrUnsigned)
		row, fresh := f.signIn(true, both(planted, own))
		if got := f.wantLive(both(planted, fresh)); got.ID != row.ID {
			f.t.Errorf("got session %s, want %s", got.ID, row.ID)
		}
		f.wantErr(own, ErrEnded)
	})
}

func TestASignOutResolvesAConflict(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, planted := f.signIn(true, nil)
		_, own := f.signIn(true, nil)
		if err := f.signOut(both(planted, own)); err != nil {
			f.t.Fatal(err)
		}
		f.wantErr(planted, ErrEnded)
		f.wantErr(own, ErrEnded)
	})
}

// TestAReplacedSecretIsRememberedForAMinute: the browser may have sent a request with the old
// cookie. Its answer must not clear the newer cookie.
func TestAReplacedSecretIsRememberedForAMinute(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		first, one := f.signIn(true, nil)
		_, two := f.signIn(true, one)
		_, three := f.signIn(true, two)
		for _, r := range []*http.Request{one, two} {
			f.wantErr(r, ErrReplaced)
			f.wantErr(r, ErrEnded)
		}
		if err := f.signOut(three); err != nil { // a user may sign in again right after it
			f.t.Fatal(err)
		}
		f.wantErr(three, ErrReplaced)

		row, revoked := f.signIn(true, nil)
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil { // by somebody else
			f.t.Fatal(err)
		}
		if _, err := f.Check(revoked); err == nil || strings.Contains(err.Error(), ErrReplaced.Error()) {
			f.t.Errorf("got %v for a session that somebody else has ended", err)
		}

		f.clock.Advance(time.Minute)
		if was, err := f.db.WasReplaced(f.t.Context(), first.TokenHash, f.now()); was || err != nil {
			f.t.Errorf("got %t, %v after a minute, want the secret forgotten", was, err)
		}
		if _, err := f.Check(one); err != ErrEnded {
			f.t.Errorf("got %v after a minute, want ErrEnded alone", err)
		}
	})
}

func TestAProofOfThePasswordExpires(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		f.FreshAge = 10 * time.Minute
		_, r := f.signIn(true, nil)
		if !f.Proven(f.wantLive(r)) {
			f.t.Error("a sign-in does not count as a proof")
		}
		f.clock.Advance(10*time.Minute - time.Millisecond)
		if !f.Proven(f.wantLive(r)) {
			f.t.Error("the proof ended too early")
		}
		f.clock.Advance(time.Millisecond)
		if f.Proven(f.wantLive(r)) {
			f.t.Error("the proof did not end")
		}
	})
}

// TestAReplacedSessionIsReportedBeforeOtherEndedOnes: in any order of the cookies, the answer
// must not clear a newer cookie.
func TestAReplacedSessionIsReportedBeforeOtherEndedOnes(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		row, gone := f.signIn(true, nil)
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil {
			f.t.Fatal(err)
		}
		_, old := f.signIn(true, nil)
		f.signIn(true, old)
		f.wantErr(old, ErrReplaced)
		f.wantErr(both(gone, old), ErrReplaced)
		f.wantErr(both(old, gone), ErrReplaced)
	})
}
