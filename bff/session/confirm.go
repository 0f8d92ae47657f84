package session

import "context"

// Confirm says whether a session that was checked still lives: ErrEnded if not. It is
// for what began with a check and is about to have its effect, some time later. An
// answer of the database that Check would believe is believed here too.
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
