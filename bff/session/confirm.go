package session

import "context"

// Confirm checks again that a session is alive. It returns ErrEnded if not. Call it before
// a slow request has its effect, some time after Check. It may use the cache like Check.
func (s *Sessions) Confirm(ctx context.Context, l *Live) error {
	e, err := s.entry(ctx, l.TokenHash, s.Recheck)
	if err != nil {
		return err
	}
	if row, _ := e.load(); !s.alive(row, s.now()) {
		return ErrEnded
	}
	return nil
}
