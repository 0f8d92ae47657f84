package tasks

import (
	"context"
	"errors"

	"vestibule/store/db"
)

// notDeleted excludes the rows of a deleted user. Its parameter is the user's id. The
// database evaluates it once for a statement, on a table that is nearly always empty.
const notDeleted = ` AND NOT EXISTS (SELECT 1 FROM deleted_user WHERE user_id = ?)`

// remains are what a deleted user leaves behind. key tells a user's rows apart; order
// is that of an index after user_id.
var remains = []struct{ table, key, order, size string }{
	{"tasks", "id", "id", textSize},
	{"task_event", "seq", "seq", `octet_length(task)`},
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
		err = s.Call(ctx, "deleted users", func(ctx context.Context) error {
			return s.Read().One(ctx, []any{&userID}, `SELECT user_id FROM deleted_user ORDER BY user_id LIMIT 1`)
		})
		if errors.Is(err, db.ErrNotFound) {
			return Remains{}, nil
		}
		if err != nil {
			return Remains{}, err
		}
	}
	err = s.DB.Tx(ctx, "delete what a user left", func(ctx context.Context, q db.Querier) error {
		r = Remains{UserID: userID}
		// One instance at a time.
		n, err := q.Exec(ctx, `UPDATE deleted_user SET user_id = user_id WHERE user_id = ?`, userID)
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
		_, err = q.Exec(ctx, `DELETE FROM deleted_user WHERE user_id = ?`, userID)
		return err
	})
	if err != nil {
		return Remains{}, err
	}
	return r, nil
}

// DeleteAnyRemains is DeleteRemains for any deleted user. more: there may be more.
func (s *Store) DeleteAnyRemains(ctx context.Context) (more bool, err error) {
	r, err := s.DeleteRemains(ctx, "")
	return r.UserID != "", err
}

// deleteBatch deletes one batch of the user's rows from one table of remains.
func deleteBatch(ctx context.Context, q db.Querier, of int, userID string) (int64, error) {
	from := remains[of]
	selected := func(what string) string {
		return `SELECT ` + what + ` FROM ` + from.table + ` WHERE user_id = ? ORDER BY ` + from.order + ` LIMIT ?`
	}
	var size, rows, bytes int64
	err := q.Each(ctx, []any{&size}, func() {
		if bytes += size; rows == 0 || bytes <= db.BatchBytes {
			rows++
		}
	}, selected(from.size), userID, db.BatchRows)
	if err != nil || rows == 0 {
		return 0, err
	}
	key := from.key
	if key[0] == '(' {
		key = key[1 : len(key)-1]
	}
	return q.Exec(ctx, `DELETE FROM `+from.table+` WHERE user_id = ? AND `+from.key+` IN (`+selected(key)+`)`, userID, userID, rows)
}
