package store_test

import (
	"testing"

	"vestibule/internal/storetest"
	"vestibule/store"
)

// BenchmarkEmptyList is what the task API asks of the store for an empty list.
func BenchmarkEmptyList(b *testing.B) {
	db := storetest.SQLite(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			for _, err := range db.ListTasks(b.Context(), "usr_nobody", store.TaskQuery{}) {
				b.Fatal(err)
			}
		}
	})
}
