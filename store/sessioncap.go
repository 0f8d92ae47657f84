package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"vestibule/store/db"
)

// The number of sessions per user is limited, because a new password ends them all in one
// transaction. A sign-in beyond the limit is not refused: somebody who knows the password
// could then lock the owner out by signing in often. It ends the least recently used
// sessions instead. Somebody who knows the password can end the owner's sessions that way,
// but they could also do so directly.

// endedAtOnce bounds how many surplus sessions one sign-in ends. There can be more after
// the limit was lowered; TrimSessions ends the others.
const endedAtOnce = 50

// KeepSessions ends the sessions of the user beyond limit, but never the new one, and
// records e for each. A limit of 0 means none. Call it after RequirePassword, whose lock
// makes it see all earlier sign-ins.
func (tx *Tx) KeepSessions(limit int, started Session, e Event) error {
	if limit == 0 {
		return nil
	}
	_, err := tx.trim(started.UserID, started.ID, limit, endedAtOnce, e)
	return err
}

// trim ends up to most of the user's sessions beyond limit, but not the one with the id
// except. Expired sessions go first, then the least recently used. It returns their
// number.
func (tx *Tx) trim(userID, except string, limit, most int, e Event) (n int, err error) {
	surplus := 0
	var id string
	err = tx.q.Every(tx.ctx, []any{&id}, func(bool) { surplus++ },
		`SELECT id FROM session WHERE "userId" = ? ORDER BY "updatedAt" DESC, id DESC LIMIT ? OFFSET ?`, userID, most, limit)
	if err != nil || surplus == 0 {
		return 0, err
	}
	type candidate struct {
		id      string
		expired bool
	}
	var c candidate
	var oldest []candidate
	var expires time.Time
	err = tx.q.Every(tx.ctx, []any{&c.id, db.Instant(&expires)}, func(readable bool) {
		if c.expired = !readable || !expires.After(e.At); c.id != except {
			oldest = append(oldest, c)
		}
	}, `SELECT id, "expiresAt" FROM session WHERE "userId" = ? ORDER BY "updatedAt", id LIMIT ?`, userID, 4*most)
	if err != nil {
		return 0, err
	}
	slices.SortStableFunc(oldest, func(a, b candidate) int {
		switch {
		case a.expired == b.expired:
			return 0
		case a.expired:
			return -1
		}
		return 1
	})
	var args []any
	live := map[string]bool{}
	for _, c := range oldest[:min(surplus, len(oldest))] {
		args = append(args, c.id)
		live[c.id] = !c.expired
	}
	if len(args) == 0 {
		return 0, nil
	}
	ended, err := tx.endSessions(`id IN (?`+strings.Repeat(", ?", len(args)-1)+`)`, args...)
	if err != nil {
		return 0, err
	}
	slices.SortFunc(ended, func(a, b Session) int { return cmp.Compare(a.ID, b.ID) })
	n = len(ended)
	ended = slices.DeleteFunc(ended, func(s Session) bool { return !live[s.ID] }) // expired is not revoked
	tx.countEnded(surplusSession, len(ended))
	tx.countEnded(expiredSession, n-len(ended))
	e.SessionID = ""
	return n, tx.recordEnded(ended, e)
}

// TrimSessions ends the sessions of all users beyond limit, and records e for each. It is
// for sessions that were started before the limit was lowered.
func (s *Store) TrimSessions(ctx context.Context, limit int, e Event) error {
	const users = 1000 // counted in one statement
	after := ""
	return db.InBatches(ctx, func() (more bool, err error) {
		var of []string
		seen := 0
		err = s.Call(ctx, "count sessions", func(ctx context.Context) error {
			var n int
			return s.AccountRead().Every(ctx, []any{&after, &n}, func(bool) {
				if seen++; n > limit {
					of = append(of, after)
				}
			}, `SELECT "userId", count(*) FROM session WHERE "userId" > ? GROUP BY "userId" ORDER BY "userId" LIMIT ?`, after, users)
		})
		if err != nil {
			return false, err
		}
		for _, user := range of {
			if err := s.trimAll(ctx, user, limit, e); err != nil {
				return false, err
			}
		}
		return seen == users, nil
	})
}

func (s *Store) trimAll(ctx context.Context, userID string, limit int, e Event) error {
	return db.InBatches(ctx, func() (more bool, err error) {
		err = s.Tx(ctx, "end surplus sessions", func(tx *Tx) error {
			n, err := tx.trim(userID, "", limit, db.BatchRows, e)
			more = n == db.BatchRows
			return err
		})
		return more, err
	})
}
