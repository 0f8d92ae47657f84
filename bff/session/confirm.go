package session

import "context"

// Confirm checks again that a session is alive. It returns ErrEnded if not. Call it before
// a slow request has its effect, some time after Check. It always reads the database: such
// requests are rare, and another instance may have ended the session a moment ago.
func (s *Sessions) Confirm(ctx context.Context, l *Live) error {
	_, err := s.entry(ctx, l.TokenHash, 0)
	return err
}
