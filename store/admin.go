package store

import (
	"context"
	"math"
	"strings"
	"time"

	"vestibule/store/db"
)

// UserFilter selects users.
type UserFilter struct {
	Search   string // a part of the address or the name, ignoring the case of ASCII letters; "" for all
	Disabled bool   // only disabled users
}

// Users returns up to limit users that f selects, with ids greater than after, ordered by
// id. Fewer than limit means that there are no more.
func (s *Store) Users(ctx context.Context, f UserFilter, after string, limit int) ([]User, error) {
	conditions, args := []string{`u.id > ?`}, []any{after}
	if f.Search != "" {
		// The engine lowers both sides. SQLite lowers ASCII letters only, so it would not
		// match text that Go has lowered.
		pattern := "%" + likeLiteral.Replace(f.Search) + "%"
		conditions = append(conditions, `(lower(u.email) LIKE lower(?) ESCAPE '!' OR lower(u.name) LIKE lower(?) ESCAPE '!')`)
		args = append(args, pattern, pattern)
	}
	if f.Disabled {
		conditions = append(conditions, `u."disabledAt" IS NOT NULL`)
	}
	var found []User
	var u User
	err := s.fill(limit, func(n int) (seen, got int, err error) {
		err = s.Call(ctx, "users", func(ctx context.Context) error {
			return s.AccountRead().Every(ctx, u.fields(), func(readable bool) {
				if seen++; readable {
					found, got = append(found, u), got+1
				}
			}, `SELECT `+userColumns+` FROM "user" u WHERE `+strings.Join(conditions, " AND ")+` ORDER BY u.id LIMIT ?`, append(args[:len(args):len(args)], n)...)
		})
		if u.ID == args[0] {
			seen = 0 // even the id is unreadable
		}
		args[0] = u.ID
		return seen, got, err
	})
	return found, err
}

// fill calls read until it has limit rows or there are no more, because read leaves out
// unreadable rows. read(n) reads up to n rows after those that it has seen.
func (s *Store) fill(limit int, read func(n int) (seen, got int, err error)) error {
	for limit > 0 {
		seen, got, err := read(limit)
		if err != nil || seen < limit || got == limit {
			return err
		}
		limit -= got
	}
	return nil
}

// likeLiteral escapes % and _ for LIKE.
var likeLiteral = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// DisableUser stops a user from signing in, ends all their sessions, deletes their links
// and records e. It returns ErrNotFound when there is no such user. For a user who is
// already disabled it changes and records nothing.
func (tx *Tx) DisableUser(id string, e Event) error {
	changed, err := tx.setDisabled(id, &e.At, e)
	if err != nil || !changed {
		return err
	}
	if err := tx.deleteLinks(id, PurposeReset, PurposeVerify); err != nil {
		return err
	}
	return tx.RevokeSessions(id, "", e)
}

// EnableUser lets a disabled user sign in again and records e. It deletes sessions that a
// sign-in in progress may have added while the user was disabled: they must not become
// live now. For a user who is not disabled it changes nothing. It returns ErrNotFound when
// there is no such user.
func (tx *Tx) EnableUser(id string, e Event) error {
	changed, err := tx.setDisabled(id, nil, e)
	if err == nil && changed {
		_, err = tx.endSessions(`"userId" = ?`, id)
	}
	return err
}

// setDisabled sets disabledAt and records e, if that changes whether the user is disabled.
func (tx *Tx) setDisabled(id string, disabledAt *time.Time, e Event) (changed bool, err error) {
	n, err := tx.exec(`UPDATE "user" SET "disabledAt" = ?, "updatedAt" = ? WHERE id = ? AND ("disabledAt" IS NULL) = ?`,
		disabledAt, e.At, id, disabledAt != nil)
	if err != nil {
		return false, err
	}
	e.UserID = id
	if n > 0 {
		return true, tx.Record(e)
	}
	return false, tx.one([]any{&id}, `SELECT id FROM "user" WHERE id = ?`, id)
}

// EventFilter selects events. A zero field selects all.
type EventFilter struct {
	Type      string // Event…
	UserID    string
	Email     string
	SessionID string
	ClientID  string
	IPAddress string
	RequestID string
	Since     time.Time // this or later
	Until     time.Time // before this
	Before    int64     // an event's ID: only earlier ones, for the next page
}

// Events returns up to limit events that f selects, the latest first.
func (s *Store) Events(ctx context.Context, f EventFilter, limit int) ([]Event, error) {
	conditions, args := []string{`1 = 1`}, []any{}
	for _, c := range []struct{ condition, value string }{
		{`event = ?`, f.Type}, {`"userId" = ?`, f.UserID}, {`email = ?`, f.Email},
		{`"sessionId" = ?`, f.SessionID}, {`"clientId" = ?`, f.ClientID}, {`"ipAddress" = ?`, f.IPAddress}, {`"requestId" = ?`, f.RequestID},
	} {
		if c.value != "" {
			conditions, args = append(conditions, c.condition), append(args, c.value)
		}
	}
	for _, c := range []struct {
		condition string
		at        time.Time
	}{{`at >= ?`, f.Since}, {`at < ?`, f.Until}} {
		if !c.at.IsZero() {
			conditions, args = append(conditions, c.condition), append(args, c.at)
		}
	}
	var found []Event
	var e Event
	before := int64(math.MaxInt64)
	if f.Before > 0 {
		before = f.Before
	}
	err := s.fill(limit, func(n int) (seen, got int, err error) {
		err = s.Call(ctx, "events", func(ctx context.Context) error {
			return s.AccountRead().Every(ctx,
				[]any{&e.ID, db.Instant(&e.At), &e.Type, &e.Actor, &e.UserID, &e.SessionID, &e.ClientID, &e.Email, &e.IPAddress, &e.UserAgent, &e.RequestID, &e.Detail},
				func(readable bool) {
					if seen++; readable {
						found, got = append(found, e), got+1
					}
				},
				`SELECT id, at, event, actor, COALESCE("userId", ''), COALESCE("sessionId", ''), COALESCE("clientId", ''), COALESCE(email, ''),
					COALESCE("ipAddress", ''), COALESCE("userAgent", ''), COALESCE("requestId", ''), COALESCE(detail, '')
				FROM audit WHERE `+strings.Join(conditions, " AND ")+` AND id < ? ORDER BY id DESC LIMIT ?`, append(args[:len(args):len(args)], before, n)...)
		})
		before = e.ID
		return seen, got, err
	})
	return found, err
}

// DeleteEvents deletes up to limit events that are older than before, the oldest first,
// and returns their number.
func (s *Store) DeleteEvents(ctx context.Context, before time.Time, limit int) (n int64, err error) {
	err = s.Tx(ctx, "delete events", func(tx *Tx) (err error) {
		n, err = tx.exec(`DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY at, id LIMIT ?)`, before, limit)
		return err
	})
	return n, err
}
