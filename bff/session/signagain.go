package session

import (
	"context"
	"net/http"
	"time"

	"vestibule/store/db"
)

// During a change of the secret, any request with a cookie of the previous secret gets the
// cookie again, signed with the current one. Otherwise the last step would sign out users
// whose app never asks for the session. The rules:
//
//   - Only for a cookie of a previous secret. An extension of the session reaches the browser
//     with Renewed. It does not matter which secret is newer, so a change can be taken back.
//   - A late answer must not overwrite the cookie of a newer sign-in. So the answer must begin
//     soon after the request, and the session is read again just before it. What remains is an
//     answer that is on its way while the browser signs in or changes the password, as with
//     Renewed.
//   - A browser sends more requests before it has the new cookie, and some clients keep no
//     cookies. So there is one attempt in a while for a session at an instance. An attempt reads
//     one row and writes nothing.
//   - The request itself never fails because of this.

const (
	// signAgainWithin is how long after its request an answer may begin that has the cookie
	// again.
	signAgainWithin = 3 * time.Second
	// signAgainEvery is the time between two attempts for a session. A browser with several
	// requests in progress needs one answer with the cookie. If that answer is lost, another
	// one comes soon.
	signAgainEvery = time.Second
	// signAgainLimit bounds the wait for the database. The answer waits for it.
	signAgainLimit = 700 * time.Millisecond
)

// SignedAgain returns the cookie for an answer that is about to begin, if the request's cookie
// is signed with a previous secret. Otherwise it returns nil, and also if there is a reason not
// to send it now.
func (s *Sessions) SignedAgain(ctx context.Context, l *Live) *http.Cookie {
	now := s.Now()
	if !l.cookie.previous || now.Sub(l.checked) > signAgainWithin || !l.entry.maySignAgain(now) {
		return nil
	}
	ctx, cancel := db.Within(ctx, signAgainLimit)
	defer cancel()
	leave, err := s.enter(ctx, l.TokenHash)
	if err != nil {
		return nil
	}
	defer leave()
	row, _, err := s.store.SessionByTokenHash(ctx, l.TokenHash) // past the cache, so that other requests still use that
	if err != nil || !s.alive(&row, s.now()) {
		return nil
	}
	return s.cookieFor(row, l.cookie.token, s.now())
}

// maySignAgain begins an attempt, unless there was one a moment ago.
func (e *entry) maySignAgain(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now.Sub(e.signedAgain) < signAgainEvery {
		return false
	}
	e.signedAgain = now
	return true
}
