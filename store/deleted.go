package store

import (
	"context"

	"vestibule/store/db"
)

// A user is deleted in one small transaction, whatever they have: the user's row, their
// sessions, accounts, links, mails and former addresses, all of which are few. From then
// on there is no such user, and their address is free. What may be a great deal, tasks
// with their events and kept answers, is no longer shown, cannot be added to, and is
// deleted in batches afterwards. deleted_user says whose; a trigger fills it in.

// DeleteUser deletes a user and records e, which stays. What DeleteRemains deletes is
// left to it. It returns the token hashes of the sessions that have ended,
// ErrNotFound when the user is gone already, and ErrSessionEnded when the session
// that e names has ended.
func (s *Store) DeleteUser(ctx context.Context, id string, e Event) (ended []string, err error) {
	e.UserID = id
	err = s.DB.Tx(ctx, "delete user", func(ctx context.Context, q db.Querier) error {
		if err := requireSession(ctx, q, e); err != nil {
			return err
		}
		hashes, err := revokeAll(ctx, q, id, "", e)
		if err != nil {
			return err
		}
		ended = hashes
		n, err := q.Exec(ctx, `DELETE FROM "user" WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		return record(ctx, q, e)
	})
	return ended, err
}
