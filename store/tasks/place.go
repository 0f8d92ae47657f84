package tasks

import (
	"time"

	"vestibule/store/db"
)

// Place is a place in a user's history: after the event with the number Seq.
//
// A database can lose commits: at a failover to a standby that lacks them, or when a backup
// is restored. Afterwards the same numbers are given to other events. So the number does
// not identify an event, but together with the time of the event it does.
type Place struct {
	Seq int64     // 0: before the first event
	At  time.Time // of the event; zero: unknown, for example because it is not kept any more
}

// ErrOtherHistory means that an event which was read before is not in the history any more:
// its commit is lost.
var ErrOtherHistory = db.NewError("an event that was read before is lost")

// Lacks reports whether a history that ends at p lacks the event of an earlier place. It
// must have been read after that event: an older view ends earlier too.
func (p Place) Lacks(earlier Place) bool {
	if p.Seq == earlier.Seq {
		return !p.At.IsZero() && !earlier.At.IsZero() && !p.At.Equal(earlier.At)
	}
	return p.Seq < earlier.Seq
}

func timeOf(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}
