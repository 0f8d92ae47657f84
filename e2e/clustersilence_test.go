//go:build cluster

package e2e

import (
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
)

// TestAnEndIsSeenWithoutNotifications: behind a pooler in transaction mode, and while the
// network swallows what the listeners should hear, each request asks the database, and streams
// are checked twice a second.
func TestAnEndIsSeenWithoutNotifications(t *testing.T) {
	c := newCluster(t, "RATE_LIMIT=off")
	listeners := storetest.NewProxy(t, c.database, nil)
	c.set("DATABASE_LISTEN_URL", listeners.URL)
	c.restart(c.of("bff")...)
	listeners.Freeze()
	c.measureEnds("listener cut ", 200)

	c.set("DATABASE_LISTEN_URL", "")
	c.set("DATABASE_URL", pgtest.PgBouncer(t, c.database))
	c.restart(c.members...)
	c.measureEnds("behind PgBouncer ", 200)
}
