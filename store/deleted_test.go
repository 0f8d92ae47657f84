package store_test

import "testing"

// TestAUserWhoIsDeletedInSQLLeavesNothing, by whatever search_path, and beside another
// program's table of the same name.
func TestAUserWhoIsDeletedInSQLLeavesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := rich(t, d, 3)
		rich(t, d, 3)
		by, users := d, `"user"`
		if d.Engine() == "postgres" {
			d.exec(t, `CREATE SCHEMA other`)
			d.exec(t, `CREATE TABLE other.deleted_user (user_id text PRIMARY KEY)`)
			by, users = &database{direct: with(t, d.direct, "search_path", "other")}, `public."user"`
		}
		by.exec(t, `DELETE FROM `+users+` WHERE id = ?`, u.ID)
		if got := deleteRemains(t, d.Store); got != 9 {
			t.Errorf("got %d rows deleted, want 9", got)
		}
		if n := remaining(t, d, u.ID); n != 0 {
			t.Errorf("got %d rows left", n)
		}
	})
}
