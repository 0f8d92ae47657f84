package tasks_test

import (
	"testing"

	"vestibule/internal/storetest"
	"vestibule/store/tasks"
)

// BenchmarkEmptyList is what the task API asks of the store for an empty list.
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
