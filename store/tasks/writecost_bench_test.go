package tasks_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/migrations"
	"vestibule/store"
	"vestibule/store/tasks"
)

// BenchmarkWriteCost reports what a task takes on PostgreSQL: bytes of its table and
// indexes, and bytes of the write-ahead log for each write, including everything that the
// write causes. Each kind of write begins after a checkpoint, which a busy database has
// every few minutes. "Five" lacks the indexes of the own order and of due dates, and "nine" has
// those of version 15 in their place.
//
// One round is the measurement: -benchtime 1x.
func BenchmarkWriteCost(b *testing.B) {
	for _, indexes := range []string{"five", "seven", "nine"} {
		b.Run(indexes, func(b *testing.B) {
			url := pgtest.Database(b)
			st, err := store.Open(b.Context(), url)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = st.Close() })
			s := storetest.On(st)
			if err := st.MigrateUp(b.Context()); err != nil {
				b.Fatal(err)
			}
			raw := storetest.OpenRaw(b, url)
			defer raw.Close()
			if indexes != "seven" {
				must(b, raw, `DROP INDEX tasks_completed_position_idx, tasks_completed_due_idx`)
			}
			if indexes == "nine" {
				f, err := migrations.Read(migrations.Postgres(), "00016_task_keys.sql")
				if err != nil {
					b.Fatal(err)
				}
				must(b, raw, strings.Join(f.Down, "\n"))
			}
			for b.Loop() {
				writeCost(b, s, raw)
			}
		})
	}
}

func must(b *testing.B, raw *sqlx.DB, statement string) {
	b.Helper()
	if _, err := raw.Exec(statement); err != nil {
		b.Fatal(err)
	}
}

// writeCost fills the table with the mixed tasks of ten users, and then writes some more.
func writeCost(b *testing.B, s *database, raw *sqlx.DB) {
	const users, each, writes = 10, 10_000, 1000
	must(b, raw, fmt.Sprintf(`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
		SELECT 'usr_' || u, '', u || '@example.com', true, now(), now() FROM generate_series(0, %d) u`, users-1))
	must(b, raw, fmt.Sprintf(`INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at, title_key, title_fold, description_fold, folded)
		SELECT 'usr_' || i %% %d, title, text, i %% 2 = 0, at, at, title, title, text, 1
		FROM (SELECT i, 'task number ' || i AS title, repeat('words ', 20) AS text, timestamptz '2026-01-01Z' + i * interval '1 second' AS at
			FROM generate_series(1, %d) i) AS row ORDER BY i`, users, users*each))
	must(b, raw, `VACUUM ANALYZE tasks`)
	size := func(what string) float64 {
		var bytes float64
		if err := raw.Get(&bytes, `SELECT `+what); err != nil {
			b.Fatal(err)
		}
		return bytes
	}
	b.ReportMetric(size(`pg_relation_size('tasks')`)/(users*each), "heap-B/task")
	b.ReportMetric(size(`pg_indexes_size('tasks')`)/(users*each), "index-B/task")

	log := func(write string, do func(user string, id int64, at time.Time) error) {
		must(b, raw, `CHECKPOINT`)
		before := size(`pg_current_wal_insert_lsn() - '0/0'`)
		for i := range int64(writes) {
			id := 1 + i*(users*each/writes) + i%users // of each user, from the whole table
			if err := do(fmt.Sprint("usr_", id%users), id, base().Add(time.Duration(i)*time.Second)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric((size(`pg_current_wal_insert_lsn() - '0/0'`)-before)/writes, "wal-B/"+write)
	}
	log("move", func(user string, id int64, at time.Time) error {
		_, err := s.UpdateTask(b.Context(), user, id, tasks.Change{Position: new("5c8")}, nil, at)
		return err
	})
	log("create", func(user string, _ int64, at time.Time) error {
		_, err := s.CreateTask(b.Context(), tasks.Task{UserID: user, Title: "A new task", CreatedAt: at, UpdatedAt: at})
		return err
	})
	log("text", func(user string, id int64, at time.Time) error {
		_, err := s.UpdateTask(b.Context(), user, id, tasks.Change{Title: new("Another text")}, nil, at)
		return err
	})
	log("toggle", func(user string, id int64, at time.Time) error {
		_, err := s.ToggleTask(b.Context(), user, id, nil, at)
		return err
	})
}
