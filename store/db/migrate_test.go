package db_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"vestibule/store/db"
	"vestibule/store/tasks"
)

// tables counts the tables of the database.
func tables(t *testing.T, d *database) int {
	t.Helper()
	if d.Engine() == "sqlite" {
		return d.CountRows(t, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	}
	return d.CountRows(t, `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()`)
}

func applied(t *testing.T, s *database) (n int) {
	t.Helper()
	status, err := s.MigrationStatus(t.Context())
	if err != nil {
		t.Fatalf("status: %v", err)
	}
	for i, m := range status {
		if m.Applied {
			n++
		}
		if m.Name == "" || m.Version <= int64(i) || m.Applied == m.AppliedAt.IsZero() {
			t.Errorf("migration %d: got %+v", i+1, m)
		}
		// It may be a copy of a database that was migrated at the start of the tests. They
		// end after 20 minutes. A wrong zone would be half an hour or more.
		if age := time.Since(m.AppliedAt); m.Applied && (age < -time.Minute || age > 25*time.Minute) {
			t.Errorf("%s: got applied at %v, want about now", m.Name, m.AppliedAt)
		}
	}
	return n
}

func TestMigrationsGoUpAndDownAndUpAgain(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			databaseURL, direct := v.New(t)
			d := open(t, databaseURL)
			d.Direct = direct

			wantError(t, "a new database", d.CheckMigrated(ctx), db.ErrBehind)
			wantError(t, "down from nothing", d.MigrateDown(ctx), db.ErrNotFound)
			if got := applied(t, d); got != 0 {
				t.Errorf("applied to a new database: got %d, want 0", got)
			}
			if got := tables(t, d); got != 0 {
				t.Errorf("looking at a new database made %d tables", got)
			}
			up := func(when string) (all int) {
				t.Helper()
				for range 2 { // the second has nothing to do
					if err := d.MigrateUp(ctx); err != nil {
						t.Fatalf("%s: %v", when, err)
					}
				}
				if err := d.CheckMigrated(ctx); err != nil {
					t.Errorf("%s: %v", when, err)
				}
				u, _ := signedUp(t, d)
				created(t, d, newTask(u.ID))
				return applied(t, d)
			}
			all := up("up")
			for left := all - 1; left >= 0; left-- {
				if err := d.MigrateDown(ctx); err != nil {
					t.Fatalf("down to %d: %v", left, err)
				}
				if got := applied(t, d); got != left {
					t.Errorf("got %d applied, want %d", got, left)
				}
				wantError(t, "after a step down", d.CheckMigrated(ctx), db.ErrBehind)
			}
			if got := tables(t, d); got != 1 {
				t.Errorf("all the way down: got %d tables, want only that of versions", got)
			}
			if again := up("up again"); again != all {
				t.Errorf("up again: got %d applied, want %d", again, all)
			}
			if all < 3 {
				t.Errorf("migrations: got %d, want at least 3", all)
			}
		})
	}
}

func TestADatabaseThatIsAheadIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			d.Exec(t, `INSERT INTO vestibule_migrations (version_id, is_applied) VALUES (99999, ?)`, true)
			wantError(t, "check", d.CheckMigrated(t.Context()), db.ErrAhead)
			wantError(t, "up", d.MigrateUp(t.Context()), db.ErrAhead)
			wantError(t, "down", d.MigrateDown(t.Context()), db.ErrAhead)
			d.Exec(t, `DELETE FROM vestibule_migrations WHERE version_id = 99999`)
			if err := d.CheckMigrated(t.Context()); err != nil {
				t.Errorf("without the unknown migration: %v", err)
			}
		})
	}
}

// TestTextWithAnOlderFoldIsFoundAgain: before the eleventh migration İ was folded to an i
// with a second dot, and ı to itself.
func TestTextWithAnOlderFoldIsFoundAgain(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			u, _ := signedUp(t, d)
			in := newTask(u.ID)
			in.Title, in.Description = "İstanbul", new("ıhlamur")
			created(t, d, in)
			downTo(t, d, 11)
			d.Exec(t, `UPDATE tasks SET title_fold = 'i̇stanbul', title_key = 'i̇stanbul', description_fold = 'ıhlamur' WHERE user_id = ?`, u.ID)
			if err := d.MigrateUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := d.FoldTasks(t.Context(), 100, time.Second); err != nil {
				t.Fatal(err)
			}
			for _, search := range []string{"istanbul", "IHLAMUR"} {
				if got := paged(t, d, u.ID, tasks.Query{Search: search}, 10); len(got) != 1 {
					t.Errorf("%q: got %v, want the task", search, got)
				}
			}
		})
	}
}

// TestClientsKeepTheirGrants: before the twelfth migration a scope allowed token exchange,
// and every client could get tokens for itself.
func TestClientsKeepTheirGrants(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := v.Copy(t, earlier[12])
			for name, scopes := range map[string]string{
				"none": "", "reads": "tasks:read", "trades": "token:exchange", "both": "tasks:read token:exchange", "first": "token:exchange tasks:write", "another": "token:exchanges",
			} {
				d.Exec(t, `INSERT INTO client (id, name, secret, scopes, audiences, "createdAt") VALUES (?, ?, 'x', ?, '', '2026-01-02T03:04:05.678Z')`, "svc_"+name, name, scopes)
			}
			if err := d.MigrateUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			all, err := d.Clients(t.Context())
			if err != nil || len(all) != 6 {
				t.Fatalf("got %+v, %v", all, err)
			}
			for _, c := range all {
				want := []string{"credentials"}
				if c.Name == "trades" || c.Name == "both" || c.Name == "first" {
					want = append(want, "exchange")
				}
				if !slices.Equal(c.Grants, want) {
					t.Errorf("%s: got grants %v, want %v", c.Name, c.Grants, want)
				}
			}
		})
	}
}

// More than PgBouncer has connections to the server. Each migration is reported by the one
// that has applied it.
func TestManyStoresMigrateAtOnce(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			databaseURL, _ := v.New(t)
			var wg sync.WaitGroup
			reports := make([][]string, 6)
			for i := range reports {
				s := open(t, databaseURL)
				wg.Go(func() {
					var err error
					if reports[i], err = s.ApplyPending(t.Context()); err != nil {
						t.Errorf("migrate up: %v", err)
					}
				})
			}
			wg.Wait()
			s := open(t, databaseURL)
			reported := slices.Sorted(slices.Values(slices.Concat(reports...)))
			if want := allMigrations(t, s); !slices.Equal(reported, want) {
				t.Errorf("got reports of %v, want each migration once", reported)
			}
			if err := s.CheckMigrated(t.Context()); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			signedUp(t, s)
		})
	}
}
