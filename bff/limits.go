package bff

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"vestibule/bff/password"
	"vestibule/bff/throttle"
	"vestibule/internal/fair"
	"vestibule/internal/web"
)

// errTooMany is the one answer past a limit, whether or not there is an account.
var errTooMany = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many requests. Please try again later.")

// limit counts an attempt before anything is verified. Better Auth's clients read
// X-Retry-After.
func (s *Server) limit(r *http.Request, a throttle.Attempt) error {
	err := s.limits.Take(r.Context(), a)
	if past, ok := errors.AsType[*throttle.Limited](err); ok {
		seconds := strconv.FormatInt(int64((past.RetryAfter+time.Second-1)/time.Second), 10)
		return s.refuse(r, errTooMany.With("Retry-After", seconds).With("X-Retry-After", seconds).Because(err))
	}
	return s.crowded(r, err)
}

// succeeded takes an honest attempt back. What was asked for is done by now, so that a
// failure is no reason to tell the client otherwise.
func (s *Server) succeeded(r *http.Request, a throttle.Attempt) {
	if err := s.limits.Succeeded(r.Context(), a); err != nil {
		s.log.LogAttrs(r.Context(), slog.LevelWarn, "an honest attempt stays counted", slog.String("error", err.Error()))
	}
}

// untried takes an attempt back that failed with err because the password room was
// full, and returns err. Whoever has filled it themselves is told late: a program that
// comes back at once has each of its attempts counted and taken back.
func (s *Server) untried(r *http.Request, a throttle.Attempt, err error) error {
	if errors.Is(err, password.ErrBusy) {
		if errors.Is(err, fair.ErrKey) {
			s.tellLate(r, s.refusals)
		}
		return errors.Join(err, s.limits.Untried(r.Context(), a))
	}
	return err
}

func (s *Server) trySignIn(r *http.Request, email string) throttle.Attempt {
	return throttle.SignIn(email, s.clients.Of(r))
}

func (s *Server) tryMail(r *http.Request, email string) throttle.Attempt {
	return throttle.SendMail(email, s.clients.Of(r))
}

// proven lets the owner in who has shown by a mail that the account is theirs, whatever
// others have done to its limits.
func (s *Server) proven(r *http.Request, email, userID string) {
	a := throttle.Proven(email, s.clients.Of(r))
	a = append(a, throttle.CheckPassword(userID, "")...)
	s.succeeded(r, append(a, throttle.CheckLink(userID)...))
}
