package tasks

import (
	"fmt"
	"strings"

	"vestibule/store/db"
)

// taskKeys are the columns of the orders. Each has an index behind user_id and
// completed; the ids have one behind user_id alone too.
var taskKeys = [...]string{ByID: "", ByCreated: "created_at", ByUpdated: "updated_at", ByTitle: "title_key"}

// statement selects columns of the first limit tasks of q, its search aside, and then
// the key of their place. columnArgs are the parameters in columns, one of which must
// be id. It is one of a few dozen texts.
//
// Each part reads a range of one index, from its start. Where completed does not
// matter these are two ranges, merged: an index without it would double what is
// written with every change.
func (q Query) statement(userID, columns string, columnArgs []any, limit int) (string, []any) {
	if q.Completed != nil || q.By == ByID {
		return q.part(userID, columns, columnArgs, q.Completed, limit)
	}
	open, args := q.part(userID, columns, columnArgs, new(false), limit)
	done, doneArgs := q.part(userID, columns, columnArgs, new(true), limit)
	order := ` ORDER BY place` + q.direction() + `, id` + q.direction()
	return `SELECT * FROM (` + open + `) AS open UNION ALL SELECT * FROM (` + done + `) AS done` + order + ` LIMIT ?`,
		append(append(args, doneArgs...), limit)
}

func (q Query) direction() string {
	if q.Descending {
		return ` DESC`
	}
	return ``
}

// part is the statement for one value of completed, or for both by id.
//
// completed is given as a range and is part of the order. With an = the planner of
// PostgreSQL knows that it orders nothing, and is free to read all of the user's tasks
// in the order of another index until it has come by enough that are completed.
func (q Query) part(userID, columns string, columnArgs []any, completed *bool, limit int) (string, []any) {
	key := taskKeys[q.By]
	from, to := ` >`, ` <`
	if q.Descending {
		from, to = to, from
	}
	var order []string
	var at []any
	if completed != nil {
		order, at = append(order, `completed`), append(at, *completed)
	}
	place := `''`
	if key != "" {
		place, order = key, append(order, key)
	}
	order = append(order, `id`)

	var b strings.Builder
	b.WriteString(`SELECT ` + columns + `, ` + place + ` AS place FROM tasks WHERE user_id = ?` + notDeleted)
	args := append(append([]any{}, columnArgs...), userID, userID)
	switch {
	case q.After != nil:
		if key != "" {
			at = append(at, q.After.Key)
		}
		at = append(at, q.After.ID)
		b.WriteString(` AND (` + strings.Join(order, `, `) + `)` + from + ` (` + marks(len(at)) + `)`)
		args = append(args, at...)
	case completed != nil:
		b.WriteString(` AND completed` + from + `= ?`)
		args = append(args, *completed)
	}
	if completed != nil {
		b.WriteString(` AND completed` + to + `= ?`)
		args = append(args, *completed)
	}
	b.WriteString(` ORDER BY ` + strings.Join(order, q.direction()+`, `) + q.direction() + ` LIMIT ?`)
	return b.String(), append(args, limit)
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
