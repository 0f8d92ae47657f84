package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Once identifies a request that must have its effect once, however often it is
// sent (draft-ietf-httpapi-idempotency-key-header).
type Once struct {
	Caller      string    // whose key it is
	Key         string    // chosen by the caller
	Fingerprint string    // of what is asked: the same key means the same request
	Now         time.Time // an answer that has expired by now is forgotten
	Expires     time.Time // until when the answer is kept
	// Answer makes of the task what is to be said again. It may be called more
	// than once.
	Answer func(Task) (string, error)
}

// The errors of a request whose key has been used.
var (
	ErrKeyReused  = errors.New("key was used for another request")
	ErrInProgress = errors.New("request with this key is in progress")
)

// CreateTaskOnce is CreateTask for a request with a key. The answer is kept in the
// transaction that adds the task: neither is there without the other. Where the
// key was used before, nothing is added: it returns the answer that was kept, or
// ErrKeyReused for another request, or ErrInProgress while another instance is
// still at it.
func (s *Store) CreateTaskOnce(ctx context.Context, t Task, once Once) (answer string, replayed bool, err error) {
	err = s.tx(ctx, "create task once", func(ctx context.Context, q querier) error {
		answer, replayed = "", false
		claimed, err := s.claimKey(ctx, q, t.UserID, once)
		if err != nil {
			return err
		}
		if !claimed {
			replayed = true
			answer, err = keptAnswer(ctx, q, t.UserID, once)
			return err
		}
		made, err := s.createTask(ctx, q, t)
		if err != nil {
			return err
		}
		if answer, err = once.Answer(made); err != nil {
			return err
		}
		_, err = q.exec(ctx, `UPDATE idempotency SET answer = ? WHERE caller = ? AND user_id = ? AND key = ?`,
			answer, once.Caller, t.UserID, once.Key)
		return err
	})
	if err != nil {
		return "", false, err
	}
	return answer, replayed, nil
}

// claimKey adds the key's row, and reports false when it is there already. A row
// that another transaction is about to add is waited for, for a moment.
func (s *Store) claimKey(ctx context.Context, q querier, userID string, once Once) (bool, error) {
	if s.engine.waitBrieflySQL != "" {
		if _, err := q.exec(ctx, s.engine.waitBrieflySQL); err != nil {
			return false, err
		}
	}
	_, err := q.exec(ctx, `DELETE FROM idempotency WHERE caller = ? AND user_id = ? AND key = ? AND expires_at <= ?`,
		once.Caller, userID, once.Key, once.Now)
	if err != nil {
		return false, inProgress(err)
	}
	n, err := q.exec(ctx, `INSERT INTO idempotency (caller, user_id, key, fingerprint, answer, expires_at)
		VALUES (?, ?, ?, ?, '', ?) ON CONFLICT (caller, user_id, key) DO NOTHING`,
		once.Caller, userID, once.Key, once.Fingerprint, once.Expires)
	if err != nil {
		return false, inProgress(err)
	}
	if s.engine.waitAgainSQL != "" {
		if _, err := q.exec(ctx, s.engine.waitAgainSQL); err != nil {
			return false, err
		}
	}
	return n == 1, nil
}

// inProgress says what it means that the row of a key is locked.
func inProgress(err error) error {
	if lockNotAvailable(err) {
		return fmt.Errorf("%w: %w", ErrInProgress, err)
	}
	return err
}

func keptAnswer(ctx context.Context, q querier, userID string, once Once) (string, error) {
	var fingerprint, answer string
	err := q.one(ctx, []any{&fingerprint, &answer}, `SELECT fingerprint, answer FROM idempotency
		WHERE caller = ? AND user_id = ? AND key = ?`, once.Caller, userID, once.Key)
	switch {
	case errors.Is(err, ErrNotFound): // the other one has failed or expired since
		return "", ErrInProgress
	case err != nil:
		return "", err
	case fingerprint != once.Fingerprint:
		return "", ErrKeyReused
	}
	return answer, nil
}

// DeleteExpiredAnswers deletes up to limit of the answers that have expired by
// now, and returns how many there were.
func (s *Store) DeleteExpiredAnswers(ctx context.Context, now time.Time, limit int) (n int64, err error) {
	err = s.tx(ctx, "delete expired answers", func(ctx context.Context, q querier) (err error) {
		n, err = q.exec(ctx, `DELETE FROM idempotency WHERE (caller, user_id, key) IN
			(SELECT caller, user_id, key FROM idempotency WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`, now, limit)
		return err
	})
	return n, err
}
