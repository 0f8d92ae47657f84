package db_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/store"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// spoil writes an invalid date into the rows that the condition selects, as another program
// could.
func spoil(t *testing.T, d *database, table, column, condition string, args ...any) {
	t.Helper()
	date := "infinity"
	if d.Engine() == "sqlite" {
		date = "2025-99-99T00:00:00.000Z"
	}
	d.Exec(t, `UPDATE `+table+` SET `+column+` = ? WHERE `+condition, append([]any{date}, args...)...)
}

// reported collects the rows that are reported.
func reported(s *database) func() []db.Unreadable {
	var found []db.Unreadable
	s.OnUnreadable(func(u *db.Unreadable) { found = append(found, *u) })
	return func() []db.Unreadable { return found }
}

// TestAnUnreadableTaskHidesNoOther, in every order and on every page.
func TestAnUnreadableTaskHidesNoOther(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d)
		var want []string
		bad := map[int]bool{0: true, 2: true, 3: true, 4: true, 5: true, 9: true} // the first, more than a page, the last
		for i := range 10 {
			task := newTask(u.ID)
			task.Title = string(rune('a' + i))
			task.CreatedAt = base().Add(time.Duration(i) * time.Second)
			task.UpdatedAt = task.CreatedAt
			made := created(t, d, task)
			if !bad[i] {
				want = append(want, task.Title)
				continue
			}
			spoil(t, d, "tasks", "created_at", "id = ?", made.ID)
			spoil(t, d, "tasks", "updated_at", "id = ?", made.ID)
		}
		first := int64(d.CountRows(t, `SELECT min(id) FROM tasks`))
		report := reported(d)
		for name, by := range orders {
			for _, descending := range []bool{false, true} {
				var got []string
				q := tasks.Query{By: by, Descending: descending}
				for rounds := 0; ; rounds++ {
					tasks, next, err := storetest.TaskPage(t.Context(), d, u.ID, q, 3)
					if err != nil {
						t.Fatal(err)
					}
					for _, task := range tasks {
						got = append(got, task.Title)
					}
					if next == nil {
						break
					}
					if len(tasks) == 0 || !q.ValidPosition(*next) || rounds > 20 {
						t.Fatalf("by %s: got %d tasks and position %+v after %v", name, len(tasks), *next, got)
					}
					q.After = next
				}
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("by %s, descending %t: got %v, want %v", name, descending, got, want)
				}
			}
		}
		if got := listed(t, d, u.ID); len(got) != len(want) {
			t.Errorf("list: got %d tasks, want %d", len(got), len(want))
		}
		if got := report(); len(got) != len(bad) || got[0].Table != "tasks" || got[0].Column != "created_at" || got[0].ID == "" {
			t.Errorf("got %+v reported, want each row once", got)
		}
		_, err := d.Task(t.Context(), u.ID, first)
		u1, ok := errors.AsType[*db.Unreadable](err)
		if !ok || u1.Table != "tasks" || u1.Column != "created_at" || strings.Contains(err.Error(), "2025") {
			t.Errorf("got %v, want an error that names the row and shows nothing of it", err)
		}
		if _, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.DeleteUser(u.ID, event("x")) }); err != nil {
			t.Fatal(err)
		}
		if deleteRemains(t, d); d.TasksOf(t, u.ID) != 0 {
			t.Error("the tasks of a deleted user stay")
		}
	})
}

// TestUnreadableRowsAreLeftOut of every list.
func TestUnreadableRowsAreLeftOut(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		ctx := t.Context()
		u, good := signedUp(t, d)
		bad := newSession(u.ID)
		if err := d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.StartSession(bad) }); err != nil {
			t.Fatal(err)
		}
		created(t, d, newTask(u.ID))
		created(t, d, newTask(u.ID))
		created(t, d, newTask(u.ID))
		for i, name := range []string{"a", "b"} {
			c := newClient()
			c.Name = name
			if err := d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.CreateClient(c) }); err != nil {
				t.Fatal(err)
			}
			if err := d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.AddKey(newKey("key_" + name)) }); err != nil {
				t.Fatal(err)
			}
			e := event("x")
			e.UserID, e.At = u.ID, base().Add(time.Duration(i)*time.Hour)
			for range 3 {
				if err := d.Record(ctx, e); err != nil {
					t.Fatal(err)
				}
			}
		}
		d.Exec(t, `INSERT INTO account (id, "accountId", "providerId", "userId", "createdAt", "updatedAt") SELECT 'x', 'x', 'x', id, "createdAt", "createdAt" FROM "user" WHERE id = ?`, u.ID)
		lists := map[string]func() (int, error){
			"session":    func() (int, error) { l, err := d.SessionsOf(ctx, u.ID, base()); return len(l), err },
			"account":    func() (int, error) { l, err := d.AccountsOf(ctx, u.ID); return len(l), err },
			"client":     func() (int, error) { l, err := d.Clients(ctx); return len(l), err },
			"jwks":       func() (int, error) { l, err := d.Keys(ctx); return len(l), err },
			"task_event": func() (int, error) { l, _, err := d.TaskEvents(ctx, u.ID, tasks.Place{}, 10_000); return len(l), err },
			"audit":      func() (int, error) { l, err := d.Events(ctx, store.EventFilter{UserID: u.ID}, 3); return len(l), err },
		}
		want := map[string]int{"session": 1, "account": 1, "client": 1, "jwks": 1, "task_event": 2, "audit": 3}
		spoil(t, d, "session", `"createdAt"`, `token = ?`, bad.TokenHash)
		spoil(t, d, "account", `"createdAt"`, `id = ?`, "x")
		spoil(t, d, "client", `"createdAt"`, `name = ?`, "a")
		spoil(t, d, "jwks", `"createdAt"`, `id LIKE ?`, "key_a%")
		spoil(t, d, "task_event", `task`, `user_id = ? AND seq = 2`, u.ID)
		spoil(t, d, "audit", `at`, `"userId" = ? AND id > (SELECT max(id) - 3 FROM audit)`, u.ID) // a whole page
		report := reported(d)
		for table, list := range lists {
			before := len(report())
			if got, err := list(); err != nil || got != want[table] {
				t.Errorf("%s: got %d rows, %v, want %d", table, got, err, want[table])
			}
			if got := report()[before:]; len(got) == 0 || got[0].Table != table {
				t.Errorf("%s: got %+v reported", table, got)
			}
		}
		if exists(t, d, bad.TokenHash) || !exists(t, d, good.TokenHash) {
			t.Error("want a session that cannot be read to be none, and the other to live")
		}
		if live, err := d.LiveSessions(ctx, []string{good.TokenHash}, base()); err != nil || len(live) != 1 {
			t.Errorf("live: got %v, %v", live, err)
		}
	})
}

// TestUnreadableUsersEndNoList, however many follow one another.
func TestUnreadableUsersEndNoList(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		var ids []string
		for range 9 {
			u, _ := signedUp(t, d)
			ids = append(ids, u.ID)
		}
		slices.Sort(ids)
		for _, id := range ids[2:7] {
			spoil(t, d, `"user"`, `"updatedAt"`, `id = ?`, id)
		}
		var got []string
		for after := ""; ; after = got[len(got)-1] {
			users, err := d.Users(t.Context(), store.UserFilter{}, after, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range users {
				got = append(got, u.ID)
			}
			if len(users) < 3 {
				break
			}
		}
		if want := slices.Concat(ids[:2], ids[7:]); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestAnUnreadableMailStopsNoOther: it is set aside.
func TestAnUnreadableMailStopsNoOther(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		for i, id := range []string{"bad", "good"} {
			m := store.Mail{ID: id, Kind: "x", Recipient: "ada@example.com", CreatedAt: base(), DueAt: base().Add(time.Duration(i) * time.Second)}
			if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.QueueMail(m) }); err != nil {
				t.Fatal(err)
			}
		}
		spoil(t, d, "mail", `"createdAt"`, `id = ?`, "bad")
		now := base().Add(time.Minute)
		m, err := d.ClaimMail(t.Context(), now, now.Add(time.Minute))
		if err != nil || m.ID != "good" {
			t.Fatalf("got %q, %v, want the other mail", m.ID, err)
		}
		_, err = d.ClaimMail(t.Context(), now, now.Add(time.Minute))
		wantError(t, "no more", err, db.ErrNotFound)
		if n := d.CountRows(t, `SELECT count(*) FROM mail WHERE id = 'bad'`); n != 1 {
			t.Errorf("got %d rows of it, want it kept", n)
		}
	})
}

// TestInvalidTextIsNotRead: SQLite stores any bytes as text.
func TestInvalidTextIsNotRead(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	u, _ := signedUp(t, d)
	bad, good := created(t, d, newTask(u.ID)), created(t, d, newTask(u.ID))
	d.Exec(t, `UPDATE tasks SET description = CAST(x'FF' AS TEXT), title_fold = NULL WHERE id = ?`, bad.ID)
	d.Exec(t, `UPDATE tasks SET title_fold = NULL WHERE id = ?`, good.ID)
	if got := listed(t, d, u.ID); len(got) != 1 || got[0] != good.ID {
		t.Errorf("got %v, want the other task", got)
	}
	d.Exec(t, `UPDATE tasks SET created_at = '2025-99-99T00:00:00.000Z' WHERE id = ?`, bad.ID)
	// Folding handles both tasks, one at a time.
	for more := true; more; {
		var err error
		if more, err = d.FoldTasks(t.Context(), 1, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.CountRows(t, `SELECT count(*) FROM tasks WHERE title_fold IS NULL`); n != 0 {
		t.Errorf("got %d tasks that are not folded", n)
	}
}
