package tasks

import (
	"fmt"
	"sync/atomic"
	"time"
)

// A position is text of hexadecimal digits that does not end in 0, compared byte by byte. So
// between any two there is another one, and a client moves a task with one change.
//
// A new task is before all that were created earlier. Its position follows from the time of
// its creation alone, so no other task has to be read. The migrations compute the same for
// rows of earlier versions: see migrations/*/00026_task_fields.sql.

// positionAt is the position of a task that was created then. Tasks of one millisecond differ
// by their place in it, of a thousand. A later one comes first.
func positionAt(created time.Time, place int64) string {
	return fmt.Sprintf("%016x8", 1<<62-(created.UnixMilli()*1000+place%1000))
}

// lastPlace gives the tasks that a process creates in one millisecond different places.
// Otherwise no other task could be moved between them.
type lastPlace struct{ at atomic.Int64 } // in microseconds

// next returns the place of a task that is created now.
func (l *lastPlace) next(created time.Time) int64 {
	begin := created.UnixMilli() * 1000
	for {
		last := l.at.Load()
		now := begin
		if last >= begin && last < begin+999 {
			now = last + 1
		}
		if l.at.CompareAndSwap(last, now) {
			return now - begin
		}
	}
}
