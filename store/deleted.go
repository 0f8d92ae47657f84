package store

import (
	"context"
	"errors"
)

// A user is deleted in one small transaction, whatever they have: the user's row, their
// sessions, accounts, links, mails and former addresses, all of which are few. From then
// on there is no such user, and their address is free. What may be a great deal, tasks
// with their events and kept answers, is no longer shown, cannot be added to, and is
// deleted in batches afterwards. deleted_user says whose; a trigger fills it in.

// DeleteUser deletes a user, ends their sessions and records e, which stays. What
// DeleteRemains deletes is left to it. It returns ErrNotFound when the user is gone
// already.
func (tx *Tx) DeleteUser(id string, e Event) error {
	if err := tx.RevokeSessions(id, "", e); err != nil {
		return err
	}
	if err := tx.change(`DELETE FROM "user" WHERE id = ?`, id); err != nil {
		return err
	}
	e.UserID = id
	return tx.Record(e)
}

// notDeleted is a condition for rows that a deleted user has left behind. Its parameter
// is the user's id. It is asked once for a statement, of a table that is nearly always
// empty.
const notDeleted = ` AND NOT EXISTS (SELECT 1 FROM deleted_user WHERE user_id = ?)`

// remains are what a deleted user leaves behind. key tells a user's rows apart; order
// is that of an index after user_id.
var remains = []struct{ table, key, order, size string }{
	{"tasks", "id", "id", `octet_length(title) + COALESCE(octet_length(description), 0)`},
	{"task_event", "seq", "seq", `octet_length(title) + COALESCE(octet_length(description), 0)`},
	{"idempotency", "(caller, key)", "seq, caller, key", `octet_length(answer)`},
}

// Remains is what DeleteRemains has done.
type Remains struct {
	UserID string // whose; "" when there was nothing left to do
	Rows   int64  // deleted
	Done   bool   // this user has left nothing more
}

// DeleteRemains deletes a batch of the rows of a user who is deleted: the given one, or
// with "" any. It may be called by any number of instances at a time, and goes on where
// an earlier one has stopped.
func (s *Store) DeleteRemains(ctx context.Context, userID string) (r Remains, err error) {
	if userID == "" {
		err = s.call(ctx, "deleted users", func(ctx context.Context) error {
			return querier{s.read}.one(ctx, []any{&userID}, `SELECT user_id FROM deleted_user ORDER BY user_id LIMIT 1`)
		})
		if errors.Is(err, ErrNotFound) {
			return Remains{}, nil
		}
		if err != nil {
			return Remains{}, err
		}
	}
	err = s.tx(ctx, "delete what a user left", func(ctx context.Context, q querier) error {
		r = Remains{UserID: userID}
		// One instance at a time.
		n, err := q.exec(ctx, `UPDATE deleted_user SET user_id = user_id WHERE user_id = ?`, userID)
		if err != nil {
			return err
		}
		for i := 0; n > 0 && r.Rows == 0 && i < len(remains); i++ {
			if r.Rows, err = deleteBatch(ctx, q, i, userID); err != nil {
				return err
			}
		}
		if r.Done = r.Rows == 0; !r.Done {
			return nil
		}
		_, err = q.exec(ctx, `DELETE FROM deleted_user WHERE user_id = ?`, userID)
		return err
	})
	if err != nil {
		return Remains{}, err
	}
	return r, nil
}

// deleteBatch deletes rows of the user from one of remains, as many as there may be in
// a batch.
func deleteBatch(ctx context.Context, q querier, of int, userID string) (int64, error) {
	from := remains[of]
	selected := func(what string) string {
		return `SELECT ` + what + ` FROM ` + from.table + ` WHERE user_id = ? ORDER BY ` + from.order + ` LIMIT ?`
	}
	var size, rows, bytes int64
	err := q.each(ctx, []any{&size}, func() {
		if bytes += size; rows == 0 || bytes <= batchBytes {
			rows++
		}
	}, selected(from.size), userID, batchRows)
	if err != nil || rows == 0 {
		return 0, err
	}
	key := from.key
	if key[0] == '(' {
		key = key[1 : len(key)-1]
	}
	return q.exec(ctx, `DELETE FROM `+from.table+` WHERE user_id = ? AND `+from.key+` IN (`+selected(key)+`)`, userID, userID, rows)
}
