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
}

// parts are the ranges that make up a list. Where completed does not matter there are two of
// each, to be merged: an index without it would double what is written with every change.
func (q Query) parts() (parts []part) {
	either := []*bool{new(false), new(true)}
	if q.Completed != nil || q.By == ByID {
		either = []*bool{q.Completed}
	}
	for _, completed := range either {
		if q.By != ByDue {
			parts = append(parts, part{completed, nil})
			continue
		}
		for _, due := range q.ranges() {
			parts = append(parts, part{completed, &due})
		}
	}
	return parts
}

// statement selects columns of the first limit tasks of q, its search aside, and then
// the key of their place. columnArgs are the parameters in columns, one of which must
// be id. It is one of a few dozen texts.
//
// Each part reads a range of one index, from its start.
func (q Query) statement(userID, columns string, columnArgs []any, limit int) (string, []any) {
	parts := q.parts()
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
	bound := func(compare string, at ...any) {
		where += ` AND (` + strings.Join(order[:len(at)], `, `) + `)` + compare + ` (` + marks(len(at)) + `)`
		args = append(args, at...)
	}
	var at, end []any
	if p.completed != nil {
		at, end = append(at, *p.completed), append(end, *p.completed)
	}
	if p.due != nil {
		first, last := p.due.from, p.due.to
		if q.Descending {
			first, last = last, first
		}
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
