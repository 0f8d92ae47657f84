package tasks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vestibule/store/db"
)

// taskKeys are the columns of the orders. Each has an index behind user_id and
// completed; the ids have one behind user_id alone too.
var taskKeys = [...]string{ByID: "", ByCreated: "created_at", ByUpdated: "updated_at", ByTitle: "title_key", ByPosition: "position", ByDue: "due_key"}

// part is a range of an index.
type part struct {
	completed *bool // nil: either, by id alone
	due       *Due  // nil: not ordered by date
	begin     begin
}

// begin says where a part begins.
type begin int

const (
	usual     begin = iota // at its start, or behind the place after which q goes on
	sameKey                // with the next id of the place's key, and it ends with that key
	behindKey              // with the next key
)

// parts are the ranges that make up a list. Where completed does not matter there are two of
// each, to be merged: an index without it would double what is written with every change.
func (q Query) parts(splits bool) (parts []part) {
	either := []*bool{new(false), new(true)}
	if q.Completed != nil || q.By == ByID {
		either = []*bool{q.Completed}
	}
	for _, completed := range either {
		if q.By != ByDue {
			parts = append(parts, part{completed: completed})
			continue
		}
		for _, due := range q.ranges() {
			parts = append(parts, part{completed: completed, due: &due})
		}
	}
	if splits && q.After != nil {
		return q.split(parts)
	}
	return parts
}

// split cuts the parts in which q goes on. SQLite compares (completed, created_at, id) with an
// index only up to created_at, because it does not see that the last column is the key of the
// table. It would read again all tasks of the place's key: of a thousand tasks that are due on
// no date, or are completed in a list by id, each page would read those of the pages before.
func (q Query) split(whole []part) (parts []part) {
	for _, p := range whole {
		if p.completed == nil || !p.holds(q.After) {
			parts = append(parts, p)
			continue
		}
		p.begin = sameKey
		parts = append(parts, p)
		if taskKeys[q.By] != "" {
			p.begin = behindKey
			parts = append(parts, p)
		}
	}
	return parts
}

// statement selects columns of the first limit tasks of q, its search aside, and then
// the key of their place. columnArgs are the parameters in columns, one of which must
// be id. It is one of a few dozen texts.
//
// Each part reads a range of one index, from its start.
func (s *Store) statement(q Query, userID, columns string, columnArgs []any, limit int) (string, []any) {
	parts := q.parts(s.Dialect().SplitPlaces)
	if len(parts) == 1 {
		return q.part(parts[0], userID, columns, columnArgs, limit)
	}
	var texts []string
	var args []any
	for i, p := range parts {
		text, partArgs := q.part(p, userID, columns, columnArgs, limit)
		texts = append(texts, `SELECT * FROM (`+text+`) AS part`+strconv.Itoa(i))
		args = append(args, partArgs...)
	}
	all := strings.Join(texts, ` UNION ALL `)
	order := `place` + q.direction() + `, id` + q.direction()
	if q.By == ByDue && q.Descending {
		all, order = `SELECT * FROM (`+all+`) AS parts`, `place = '`+undated+`', `+order
	}
	return all + ` ORDER BY ` + order + ` LIMIT ?`, append(args, limit)
}

func (q Query) direction() string {
	if q.Descending {
		return ` DESC`
	}
	return ``
}

// part is the statement for one part.
//
// completed is given as a range and is part of the order. With an = the planner of
// PostgreSQL knows that it orders nothing, and is free to read all of the user's tasks
// in the order of another index until it has come by enough that are completed.
func (q Query) part(p part, userID, columns string, columnArgs []any, limit int) (string, []any) {
	key := taskKeys[q.By]
	var order []string
	if p.completed != nil {
		order = append(order, `completed`)
	}
	place := `''`
	if key != "" {
		place, order = key, append(order, key)
	}
	order = append(order, `id`)

	where, args := q.bounds(p, order)
	text := `SELECT ` + columns + `, ` + place + ` AS place FROM tasks WHERE user_id = ?` + notDeleted + where +
		` ORDER BY ` + strings.Join(order, q.direction()+`, `) + q.direction() + ` LIMIT ?`
	return text, append(slices.Concat(columnArgs, []any{userID, userID}, args), limit)
}

// bounds are the conditions that a part ends with, at both ends.
func (q Query) bounds(p part, order []string) (where string, args []any) {
	from, to := ` >`, ` <`
	if q.Descending {
		from, to = to, from
	}
	if p.begin != usual {
		return q.splitBounds(p, from, to)
	}
	bound := func(compare string, at ...any) {
		where += ` AND (` + strings.Join(order[:len(at)], `, `) + `)` + compare + ` (` + marks(len(at)) + `)`
		args = append(args, at...)
	}
	var at, end []any
	if p.completed != nil {
		at, end = append(at, *p.completed), append(end, *p.completed)
	}
	if p.due != nil {
		first, last := q.ends(p.due)
		at, end = append(at, first), append(end, last)
	}
	switch {
	case q.After != nil && p.holds(q.After):
		bound(from, q.after(p)...)
	case len(at) > 0:
		bound(from+`=`, at...)
	}
	if len(end) > 0 {
		bound(to+`=`, end...)
	}
	return where, args
}

// splitBounds are the conditions of a part that was cut. They compare no rows: the first row that
// SQLite reads for (completed, created_at) > (?, ?) has the same values, and so have all of that key.
func (q Query) splitBounds(p part, from, to string) (where string, args []any) {
	and := func(condition string, arg any) { where, args = where+` AND `+condition+` ?`, append(args, arg) }
	key := taskKeys[q.By]
	and(`completed =`, *p.completed)
	switch {
	case p.begin == behindKey:
		and(key+from, q.After.Key)
		if p.due != nil {
			_, last := q.ends(p.due)
			and(key+to+`=`, last)
		}
		return where, args
	case key != "":
		and(key+` =`, q.After.Key)
	}
	and(`id`+from, q.After.ID)
	return where, args
}

// ends are the first and the last key of a range, in the direction of q.
func (q Query) ends(due *Due) (first, last string) {
	if q.Descending {
		return due.to, due.from
	}
	return due.from, due.to
}

// holds reports whether a place can be in the part. If not, the part has not begun yet.
func (p part) holds(at *Position) bool {
	return p.due == nil || p.due.from <= at.Key && at.Key <= p.due.to
}

// after is a place in the order of a part.
func (q Query) after(p part) (at []any) {
	if p.completed != nil {
		at = append(at, *p.completed)
	}
	if taskKeys[q.By] != "" {
		at = append(at, q.After.Key)
	}
	return append(at, q.After.ID)
}

// keyField is where the place of a row is scanned to.
func (q Query) keyField(at *Position) any {
	switch q.By {
	case ByCreated, ByUpdated:
		return instantText{&at.Key}
	default:
		return &at.Key
	}
}

// instantText is the destination of a time that is kept as text.
type instantText struct{ to *string }

// Scan implements sql.Scanner.
func (i instantText) Scan(value any) error {
	t, err := db.ParseTime(value)
	if err == nil {
		*i.to = db.FormatTime(t)
	} else {
		*i.to = fmt.Sprintf("%s", value) // still a place in the order
	}
	return err
}
