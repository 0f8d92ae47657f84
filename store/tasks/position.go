package tasks

import (
	"fmt"
	"time"
)

// A position is text of hexadecimal digits that does not end in 0, compared byte by byte. So
// between any two there is another one, and a client moves a task with one change.
//
// A new task is before all that were created earlier. Its position follows from the time of
// its creation alone, so that no other task has to be read, and a client can compute it.
// Tasks of one millisecond have the same, and are ordered by id. The migrations 26 and 27
// compute it for rows of earlier versions.

// FirstPosition is the position of a task that was created at a time and never moved.
func FirstPosition(created time.Time) string {
	return fmt.Sprintf("%012x8", 1<<48-1-created.UnixMilli())
}

// Moved reports whether the task has another position than it had first.
func (t *Task) Moved() bool { return t.Position != FirstPosition(t.CreatedAt) }
