package store

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Who caused an event.
const (
	ActorUser     = "user"     // over HTTP; it may have been somebody else
	ActorClient   = "client"   // over HTTP, an internal service
	ActorOperator = "operator" // on the command line
	ActorSystem   = "system"   // the program by itself
)

// Event is a row of the audit trail: what happened to which account, and where the request
// came from. It never holds a secret. Unknown fields are "".
type Event struct {
	ID        int64 // given by the database; later events have larger ones
	At        time.Time
	Type      string // Event…
	Actor     string // Actor…
	UserID    string // stays when the user is deleted
	SessionID string // the session's handle
	ClientID  string // stays when the client is deleted
	Email     string // as typed, or as it was before
	IPAddress string
	UserAgent string
	RequestID string // also in the log and in the answer's X-Request-Id
	Detail    string // for people
}

// Record is Tx.Record in a transaction of its own.
func (s *Store) Record(ctx context.Context, e Event) error {
	return s.Tx(ctx, "record event", func(tx *Tx) error { return tx.Record(e) })
}

// Record adds events. They belong to the transaction of the change that they describe, so
// neither is stored without the other.
func (tx *Tx) Record(events ...Event) error {
	const atOnce = 100 // per statement, with 11 parameters each
	for chunk := range slices.Chunk(events, atOnce) {
		var args []any
		for _, e := range chunk {
			tx.count(tx.metrics.events.WithLabelValues(e.Type))
			args = append(args, e.At, e.Type, e.Actor, nullable(e.UserID), nullable(e.SessionID), nullable(e.ClientID), nullable(e.Email),
				nullable(e.IPAddress), nullable(e.UserAgent), nullable(e.RequestID), nullable(e.Detail))
		}
		const row = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
		_, err := tx.exec(`INSERT INTO audit (at, event, actor, "userId", "sessionId", "clientId", email, "ipAddress", "userAgent", "requestId", detail)
			VALUES `+row+strings.Repeat(`, `+row, len(chunk)-1), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// nullable stores "" as NULL, for unknown values.
func nullable(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
