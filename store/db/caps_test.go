package db_test

import (
	"testing"

	"vestibule/store"
	"vestibule/store/db"
)

// TestSessionsFromBeforeTheLimitEnd for every user, in batches, with an event for each.
func TestSessionsFromBeforeTheLimitEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		const n, limit = db.BatchRows + 20, 5
		insert := piles(d)["sessions"].insert
		u, _ := signedUp(t, d)
		d.Exec(t, many+insert, n, u.ID)
		d.Exec(t, `UPDATE session SET "expiresAt" = (SELECT max("expiresAt") FROM session)`)
		few, fewSession := signedUp(t, d)
		most := largest(d)
		if err := d.TrimSessions(t.Context(), limit, event(store.EventSessionRevoked)); err != nil {
			t.Fatal(err)
		}
		if got := d.CountRows(t, `SELECT count(*) FROM session WHERE "userId" = ?`, u.ID); got != limit {
			t.Errorf("got %d sessions, want %d", got, limit)
		}
		if got := trail(t, d, store.EventSessionRevoked, u.ID); got != n+1-limit {
			t.Errorf("got %d events, want %d", got, n+1-limit)
		}
		if got := most(); got > db.BatchRows {
			t.Errorf("got %d rows in a statement", got)
		}
		if !exists(t, d, fewSession.TokenHash) || trail(t, d, store.EventSessionRevoked, few.ID) != 0 {
			t.Error("a user within the limit has lost a session")
		}
	})
}
