package bff

import (
	"context"
	"net/http"
	"time"

	"vestibule/bff/password"
)

// PruneEvents and PruneBatch are what the hourly clean-up does to the audit trail,
// and how much at a time.
var PruneEvents = (*Server).pruneEvents

// ReadCredentials reads a token request's body and Authorization header, as far as
// who the client says it is.
func ReadCredentials(header, body string) (id, secret string, err error) {
	form, err := parseTokenForm(body)
	if err != nil {
		return "", "", err
	}
	h := http.Header{}
	if header != "" {
		h.Set("Authorization", header)
	}
	c, err := clientCredentials(h, form)
	return c.id, c.secret, err
}

const PruneBatch = pruneBatch

var (
	TrimSessions = (*Server).trimSessions
	PruneRemains = (*Server).pruneRemains
)

// LimitSessions is another start of s with a SESSIONS_PER_USER.
func LimitSessions(s *Server, n int) { s.cfg.SessionsPerUser = n }

// BelieveFor has s believe what it has read of a session for so long, whatever is
// written to the database meanwhile.
func (s *Server) BelieveFor(d time.Duration) { s.sessions.Recheck, s.sessions.Version = d, nil }

// busy is a room for passwords that is full.
type busy struct{ hasher }

func (busy) Hash(context.Context, string) (string, error) { return "", password.ErrBusy }

func (busy) Verify(context.Context, string, string) (ok, rehash bool, err error) {
	return false, false, password.ErrBusy
}

func (busy) VerifyNone(context.Context, string) error { return password.ErrBusy }

// FillPasswordRoom has every computation of a password refused until it is emptied.
func (s *Server) FillPasswordRoom() (empty func()) {
	before := s.passwords
	s.passwords = busy{before}
	return func() { s.passwords = before }
}

// interrupted is a hasher during whose work something else happens.
type interrupted struct {
	hasher
	by func()
}

func (i interrupted) Verify(ctx context.Context, pw, phc string) (ok, rehash bool, err error) {
	ok, rehash, err = i.hasher.Verify(ctx, pw, phc)
	i.by()
	return ok, rehash, err
}

// InterruptVerify has by happen while a password is verified, until it is undone.
func (s *Server) InterruptVerify(by func()) (undo func()) {
	before := s.passwords
	s.passwords = interrupted{before, by}
	return func() { s.passwords = before }
}
