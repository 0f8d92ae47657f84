package tasks_test

import (
	"context"
	"iter"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/store/tasks"
)

func listCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a list is complete and in order":                       listCase,
		"readers that stop in the middle hold nothing":          abandonedListCase,
		"deleting while listing skips what is gone and no more": changingListCase,
		"an error ends a list":                                  brokenListCase,
	}
}

func listCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	other, _ := signedUp(t, d)
	if got := listed(t, d, u.ID); len(got) != 0 {
		t.Errorf("no tasks: got %v", got)
	}
	var want []int64
	for range 3 {
		want = append(want, created(t, d, newTask(u.ID)).ID)
		created(t, d, newTask(other.ID))
	}
	if _, err := d.ToggleTask(t.Context(), u.ID, want[0], nil, base()); err != nil { // this moves the row
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, listed(t, d, u.ID)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Numbers around the size of a page.
	for _, n := range []int{196, 1, 1, 199, 1} {
		manyTasks(t, d, u.ID, n)
		got := listed(t, d, u.ID)
		if want := d.CountRows(t, `SELECT count(*) FROM tasks WHERE user_id = ?`, u.ID); len(got) != want || !slices.IsSorted(got) {
			t.Errorf("got %d tasks, sorted: %t, want %d", len(got), slices.IsSorted(got), want)
		}
	}
}

func longListCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	manyTasks(t, d, u.ID, 5000)
	got := listed(t, d, u.ID)
	if len(got) != 5000 || len(slices.Compact(slices.Clone(got))) != 5000 || !slices.IsSorted(got) {
		t.Errorf("got %d tasks, %d different ones, sorted: %t; want 5000 in order",
			len(got), len(slices.Compact(slices.Clone(got))), slices.IsSorted(got))
	}
}

func abandonedListCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	manyTasks(t, d, u.ID, 300)
	for range 30 {
		for _, err := range d.ListTasks(t.Context(), u.ID, tasks.Query{}) {
			if err != nil {
				t.Fatalf("list: %v", err)
			}
			break
		}
	}
	// More unfinished readers than any pool has connections.
	const readers = 25
	for range readers {
		next, stop := iter.Pull2(d.ListTasks(t.Context(), u.ID, tasks.Query{}))
		defer stop()
		if _, err, ok := next(); err != nil || !ok {
			t.Fatalf("next: error %v, more: %t", err, ok)
		}
	}
	if _, err := d.ToggleTask(t.Context(), u.ID, listed(t, d, u.ID)[0], nil, base()); err != nil {
		t.Errorf("a write beside %d readers: %v", readers, err)
	}
}

func changingListCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	manyTasks(t, d, u.ID, 500)
	before := listed(t, d, u.ID)
	var got []int64
	for task, err := range d.ListTasks(t.Context(), u.ID, tasks.Query{}) {
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		if got = append(got, task.ID); len(got) == 1 {
			for _, id := range []int64{before[0], before[450]} { // listed already; not listed yet
				if err := d.DeleteTask(t.Context(), u.ID, id, nil, base()); err != nil {
					t.Fatalf("delete: %v", err)
				}
			}
		}
	}
	if want := slices.Delete(slices.Clone(before), 450, 451); !slices.Equal(got, want) {
		t.Errorf("got %d tasks, want the %d without the one that was deleted", len(got), len(want))
	}
}

func brokenListCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	manyTasks(t, d, u.ID, 500)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var n int
	var failed error
	for _, err := range d.ListTasks(ctx, u.ID, tasks.Query{}) {
		if failed != nil {
			t.Fatalf("the list goes on after error %v", failed)
		}
		if failed = err; err == nil {
			n++
		}
		cancel()
	}
	wantError(t, "cancelled", failed, context.Canceled)
	if n == 0 || n == 500 {
		t.Errorf("got %d tasks, want some", n)
	}
}
