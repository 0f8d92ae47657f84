package tasks_test

import (
	"strings"
	"testing"

	"vestibule/internal/storetest"
	"vestibule/store/tasks"
)

// BenchmarkEmptyList measures what the task API needs from the store for an empty list.
func BenchmarkEmptyList(b *testing.B) {
	db := storetest.On(storetest.SQLite(b))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			for _, err := range db.ListTasks(b.Context(), "usr_nobody", tasks.Query{}) {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkTaskEvents reads many small events, and few large ones.
func BenchmarkTaskEvents(b *testing.B) {
	for name, description := range map[string]string{"small": "Not the cactus.", "large": strings.Repeat("Wörter ", 1400)} {
		b.Run(name, func(b *testing.B) {
			db := storetest.On(storetest.SQLite(b))
			u := storetest.NewUser()
			if err := storetest.SignUp(b.Context(), db, u, "x", storetest.NewSession(u.ID)); err != nil {
				b.Fatal(err)
			}
			for range 100 {
				t := storetest.NewTask(u.ID)
				t.Description = &description
				if _, err := db.CreateTask(b.Context(), t); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if found, _, err := db.TaskEvents(b.Context(), u.ID, tasks.Place{}, 64<<10); err != nil || len(found) == 0 {
					b.Fatal(len(found), err)
				}
			}
		})
	}
}
