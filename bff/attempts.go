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

// errTooMany is the answer beyond a limit. It is the same whether or not the account exists.
var errTooMany = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many requests. Please try again later.")

// limit counts an attempt before anything is verified, and refuses it beyond the limit.
// Better Auth's clients read X-Retry-After.
func (s *Server) limit(r *http.Request, a throttle.Attempt) error {
	err := s.limits.Take(r.Context(), a)
	if past, ok := errors.AsType[*throttle.Limited](err); ok {
		seconds := strconv.FormatInt(int64((past.RetryAfter+time.Second-1)/time.Second), 10)
		return s.refuse(r, errTooMany.With("Retry-After", seconds).With("X-Retry-After", seconds).Because(err))
	}
	return s.refuseFull(r, err)
}

// succeeded removes a successful attempt from the counters. The request has already had
// its effect, so an error here is logged and not returned.
func (s *Server) succeeded(r *http.Request, a throttle.Attempt) {
	if err := s.limits.Succeeded(r.Context(), a); err != nil {
		s.log.LogAttrs(r.Context(), slog.LevelWarn, "successful attempt was not removed from the counters", slog.String("error", err.Error()))
	}
}

// untried removes an attempt from the counters if it failed because no place to hash a
// password was free. It returns err. If the client's own share, or that of its address or
// network, is full, the answer is delayed: a program that retries at once costs two
// writes per attempt.
func (s *Server) untried(r *http.Request, a throttle.Attempt, err error) error {
	if errors.Is(err, password.ErrBusy) {
		if errors.Is(err, fair.ErrKey) {
			s.delayAnswer(r, s.refusals)
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

// proven clears the limits of an account after its owner has proven it by a mail. So
// guesses by others do not lock the owner out.
func (s *Server) proven(r *http.Request, email, userID string) {
	a := throttle.Proven(email, s.clients.Of(r))
	a = append(a, throttle.CheckPassword(userID, "")...)
	s.succeeded(r, append(a, throttle.CheckLink(userID)...))
}
