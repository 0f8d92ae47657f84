package tasks

import "time"

// This file is the only place in the store that names the members of a task. To add one,
// add it to Task, to Change if clients can change it, and to fields.

// Task is something to do. Every statement on tasks has the user in its
// condition: another user's task does not exist.
//
// Events keep tasks as JSON: never change a name in a tag. A member that is not in the JSON
// of an older event has its zero value there.
type Task struct {
	ID          int64     `json:"id"` // given by the database, never used again
	UserID      string    `json:"user_id"`
	Title       string    `json:"title"`
	Description *string   `json:"description"`
	Completed   bool      `json:"completed"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Version     int64     `json:"version"`  // 1, and one more with each change
	DueOn       *string   `json:"due_on"`   // a date, like 2026-02-03; nil: none
	Position    string    `json:"position"` // in the user's own order; "" in a new task: FirstPosition
}

// Change says what to change about a task; what is nil keeps its value.
type Change struct {
	Title       *string
	Description **string // a pointer to nil clears it
	Completed   *bool
	DueOn       **string // a pointer to nil clears it
	Position    *string  // a pointer to "": FirstPosition
}

// fields are the members and their columns. Every statement that reads or writes whole
// tasks follows from this list.
var fields = []field{
	member("id", func(t *Task) *int64 { return &t.ID }).setByDatabase(),
	member("user_id", func(t *Task) *string { return &t.UserID }),
	changes("title", func(t *Task) *string { return &t.Title }, func(c *Change) *string { return c.Title }).
		withText(searchColumn{"title_key", optionalSortKey}, searchColumn{"title_fold", asFolded}),
	changes("description", func(t *Task) **string { return &t.Description }, func(c *Change) **string { return c.Description }).
		withText(searchColumn{"description_fold", asFolded}),
	changes("completed", func(t *Task) *bool { return &t.Completed }, func(c *Change) *bool { return c.Completed }),
	instant("created_at", func(t *Task) *time.Time { return &t.CreatedAt }),
	instant("updated_at", func(t *Task) *time.Time { return &t.UpdatedAt }),
	member("version", func(t *Task) *int64 { return &t.Version }).setByDatabase(),
	changes("due_on", func(t *Task) **string { return &t.DueOn }, func(c *Change) **string { return c.DueOn }).
		withKey("due_key", dueKey),
	changes("position", func(t *Task) *string { return &t.Position }, func(c *Change) *string { return c.Position }),
}
