package tasks

// A date is text of the form 2006-01-02 on both engines, so it has the order of its bytes
// and no time zone. Beside it is a key that is never NULL: comparisons with NULL have no
// place in an index on either engine, and a page could not begin there.

const (
	undated  = "~" // the key of a task without a date: after all dates
	lastDate = "9999-12-31"
)

func dueKey(date *string) string {
	if date == nil {
		return undated
	}
	return *date
}

// Due is a range of dates. It is compared with keys, so that "due on no date" is a range too.
type Due struct{ from, to string }

// DueBetween is the range from one date to another, both included. "" is no bound.
func DueBetween(from, to string) *Due {
	if to == "" {
		to = lastDate
	}
	return &Due{from, to}
}

// NotDue is the range of the tasks that are due on no date.
func NotDue() *Due { return &Due{undated, undated} }

// ranges are the parts of an order by date, in their order. Descending, the tasks without a
// date are a part of their own: they come last in both directions.
func (q Query) ranges() []Due {
	all := Due{"", undated}
	if q.Due != nil {
		all = *q.Due
	}
	if !q.Descending || all.to < undated || all.from == undated {
		return []Due{all}
	}
	without := Due{undated, undated}
	if q.After != nil && q.After.Key == undated {
		return []Due{without}
	}
	return []Due{{all.from, lastDate}, without}
}
