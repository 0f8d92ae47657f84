package session

import (
	"time"

	"vestibule/store"
)

// The default lifetimes in Config.
const (
	DefaultExpiresIn = 7 * 24 * time.Hour
	DefaultUpdateAge = 24 * time.Hour
	DefaultMaxAge    = 30 * 24 * time.Hour
	DefaultFreshAge  = 10 * time.Minute
)

// briefLife is the lifetime of a session without "remember me". Its cookie ends with the
// browser. Use never extends the session.
const briefLife = 24 * time.Hour

// expiry returns when a session ends that was last updated at the given time.
func (s *Sessions) expiry(row *store.Session, updated time.Time) time.Time {
	life := s.ExpiresIn
	if !row.RememberMe {
		life = min(life, briefLife)
	}
	idle, absolute := updated.Add(life), row.CreatedAt.Add(s.MaxAge)
	if absolute.Before(idle) {
		return absolute
	}
	return idle
}

// Ends returns when a session ends if it is not used, and when it ends at the latest.
func (s *Sessions) Ends(l *Live) (unused, latest time.Time) {
	unused = s.expiry(l.Session, l.UpdatedAt)
	if l.ExpiresAt.Before(unused) {
		unused = l.ExpiresAt
	}
	if !l.RememberMe { // use never extends it
		return unused, unused
	}
	return unused, l.CreatedAt.Add(s.MaxAge)
}

// alive decides whether a row is a live session. No other function does. It uses the
// limits that are configured now, so lowering them affects existing sessions too.
func (s *Sessions) alive(row *store.Session, now time.Time) bool {
	return now.Before(row.ExpiresAt) && now.Before(s.expiry(row, row.UpdatedAt))
}
