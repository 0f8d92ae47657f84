package session

import (
	"testing"
	"time"
)

func TestLimitsOfASession(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		remember bool
		uses     []time.Duration // waits between uses that must succeed
		then     time.Duration   // a wait after which use must fail
	}{
		{"ends when it is not used for its lifetime", true, nil, 7 * day},
		{"use within the first day does not extend it", true, []time.Duration{day - time.Second}, 6*day + time.Second},
		{"use after a day extends it", true, []time.Duration{day, 7*day - time.Second}, 7 * day},
		{"nothing extends it past its absolute limit", true, []time.Duration{6 * day, 6 * day, 6 * day, 6 * day, 5 * day}, day},
		{"without rememberMe it lasts a day, used or not", false, []time.Duration{12 * time.Hour, 11 * time.Hour}, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, 0, func(f *fixture) {
				_, r := f.signIn(tt.remember, nil)
				for _, wait := range tt.uses {
					f.clock.Advance(wait)
					f.wantLive(r)
				}
				f.clock.Advance(tt.then)
				f.wantErr(r, ErrEnded)
				f.wantErr(r, ErrEnded)
			})
		})
	}
}

func TestLoweredLimitsApplyToExistingSessions(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.clock.Advance(2 * time.Hour)
		f.MaxAge = time.Hour
		f.wantErr(r, ErrEnded)
	})
}

// TestARaisedLimitRevivesNoSession: a session that has ended by the earlier limits stays ended,
// even if its row still exists.
func TestARaisedLimitRevivesNoSession(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.clock.Advance(7*day + time.Hour)
		f.ExpiresIn, f.MaxAge = 14*day, 60*day
		f.wantErr(r, ErrEnded)
	})
}

func TestAListOfSessionsUsesTheCurrentLimits(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		f.signIn(true, nil)
		f.clock.Advance(2 * time.Hour)
		row, _ := f.signIn(true, nil)
		f.MaxAge = time.Hour
		list, err := f.Of(f.t.Context(), userID)
		if err != nil || len(list) != 1 || list[0].ID != row.ID {
			f.t.Errorf("got %d sessions, %v; want the session that is younger than the limit", len(list), err)
		}
	})
}
