package tasks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"vestibule/store/db"
)

// Once identifies a request that must have its effect once, however often it is
// sent (draft-ietf-httpapi-idempotency-key-header).
type Once struct {
	Caller      string    // whose key it is
	UserID      string    // whose tasks it is about
	Key         string    // chosen by the caller
	Fingerprint string    // of what is asked: the same key means the same request
	Now         time.Time // an answer that has expired by now is forgotten
	Expires     time.Time // until when the answer is kept
}

// The errors of a request whose key has been used.
var (
	ErrKeyReused  = db.NewError("key was used for another request")
	ErrInProgress = db.NewError("request with this key is in progress")
)

// How many answers of a user are kept at a time, unless Store.AnswersPerUser says
// otherwise, and how much text in them, in bytes.
const (
	maxKept      = 10_000
	maxKeptBytes = 64 << 20
)

// KeptFull is the error when no further answer of the user can be kept. No answer is deleted
// before it expires: otherwise its request could have its effect twice.
type KeptFull struct{ Until time.Time }

func (e *KeptFull) Error() string {
	return "no room for another kept answer of the user before " + db.FormatTime(e.Until)
}

// KeepAnswer stores the answer in the row of the key that ClaimKey has claimed. Call it
// after CreateTask, which has locked the user's row in task_feed. That row counts all
// answers ever kept, so the difference to the oldest row is the number that is kept now. All
// answers are kept for the same time, so the oldest expires first.
func (tx *Tx) KeepAnswer(once Once, answer string) error {
	var seq, bytes, oldest, oldestBytes int64
	err := tx.q.One(tx.ctx, []any{&seq, &bytes}, `UPDATE task_feed SET kept_seq = kept_seq + 1, kept_bytes = kept_bytes + ? WHERE user_id = ? RETURNING kept_seq, kept_bytes`,
		len(answer), once.UserID)
	if err != nil {
		return err
	}
	var until time.Time
	err = tx.q.One(tx.ctx, []any{&oldest, &oldestBytes, db.Instant(&until)},
		`SELECT seq, bytes_to, expires_at FROM idempotency WHERE user_id = ? AND seq > 0 ORDER BY seq LIMIT 1`, once.UserID)
	switch {
	case errors.Is(err, db.ErrNotFound), db.IsUnreadable(err):
	case err != nil:
		return err
	case seq-oldest >= int64(cmp.Or(tx.s.AnswersPerUser, maxKept)), bytes-oldestBytes > maxKeptBytes:
		return &KeptFull{until}
	}
	_, err = tx.q.Exec(tx.ctx, `UPDATE idempotency SET answer = ?, seq = ?, bytes_to = ? WHERE caller = ? AND user_id = ? AND key = ?`,
		answer, seq, bytes, once.Caller, once.UserID, once.Key)
	return err
}

// ClaimKey claims the key for this transaction. If the key was used before, claimed is
// false. Then ClaimKey returns the kept answer, or ErrKeyReused if that was for another
// request, or ErrInProgress while another instance works on it.
func (tx *Tx) ClaimKey(once Once) (kept string, claimed bool, err error) {
	if claimed, err = tx.addKey(once); err == nil && !claimed {
		kept, err = tx.keptAnswer(once)
	}
	return kept, claimed, err
}

// addKey adds the key's row. It returns false if the row exists. If another transaction is
// adding the row, addKey waits briefly for it.
func (tx *Tx) addKey(once Once) (bool, error) {
	dialect := tx.s.Dialect()
	if dialect.WaitBrieflySQL != "" {
		if _, err := tx.q.Exec(tx.ctx, dialect.WaitBrieflySQL); err != nil {
			return false, err
		}
	}
	_, err := tx.q.Exec(tx.ctx, `DELETE FROM idempotency WHERE caller = ? AND user_id = ? AND key = ? AND expires_at <= ?`,
		once.Caller, once.UserID, once.Key, once.Now)
	if err != nil {
		return false, inProgress(err)
	}
	n, err := tx.q.Exec(tx.ctx, `INSERT INTO idempotency (caller, user_id, key, fingerprint, answer, expires_at)
		VALUES (?, ?, ?, ?, '', ?) ON CONFLICT (caller, user_id, key) DO NOTHING`,
		once.Caller, once.UserID, once.Key, once.Fingerprint, once.Expires)
	if err != nil {
		return false, inProgress(err)
	}
	if dialect.WaitAgainSQL != "" {
		if _, err := tx.q.Exec(tx.ctx, dialect.WaitAgainSQL); err != nil {
			return false, err
		}
	}
	return n == 1, nil
}

// inProgress says what it means that the row of a key is locked.
func inProgress(err error) error {
	if db.LockNotAvailable(err) {
		return fmt.Errorf("%w: %w", ErrInProgress, err)
	}
	return err
}

func (tx *Tx) keptAnswer(once Once) (string, error) {
	var fingerprint, answer string
	err := tx.q.One(tx.ctx, []any{&fingerprint, &answer}, `SELECT fingerprint, answer FROM idempotency
		WHERE caller = ? AND user_id = ? AND key = ?`, once.Caller, once.UserID, once.Key)
	if err == nil {
		err = notGone(tx.ctx, tx.q, once.UserID)
	}
	switch {
	case errors.Is(err, db.ErrNotFound): // the other one has failed or expired since
		return "", ErrInProgress
	case err != nil:
		return "", err
	case fingerprint != once.Fingerprint:
		return "", ErrKeyReused
	}
	return answer, nil
}

// notGone returns db.ErrNoUser if the user was deleted, but the answers were not deleted yet.
func notGone(ctx context.Context, q db.Querier, userID string) error {
	var n int64
	err := q.One(ctx, []any{&n}, `SELECT 1 FROM deleted_user WHERE user_id = ?`, userID)
	switch {
	case err == nil:
		return db.ErrNoUser
	case errors.Is(err, db.ErrNotFound):
		return nil
	}
	return err
}

// DeleteExpiredAnswers deletes up to limit of the answers that have expired by
// now, and returns how many there were.
func (s *Store) DeleteExpiredAnswers(ctx context.Context, now time.Time, limit int) (n int64, err error) {
	err = s.DB.Tx(ctx, "delete expired answers", func(ctx context.Context, q db.Querier) (err error) {
		n, err = q.Exec(ctx, `DELETE FROM idempotency WHERE (caller, user_id, key) IN
			(SELECT caller, user_id, key FROM idempotency WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`, now, limit)
		return err
	})
	return n, err
}
