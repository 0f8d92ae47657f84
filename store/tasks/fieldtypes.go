package tasks

import (
	"cmp"
	"strings"
	"time"

	"vestibule/store/db"
)

// field is a member of a task and its column.
type field struct {
	column string
	to     func(*Task) any           // where a read puts the value
	value  func(*Task) any           // what is written
	auto   bool                      // the database sets it when a task is added
	change func(*Change) (any, bool) // the new value, if there is one; nil: a Change cannot set it
	apply  func(*Change, *Task)
	text   bool           // a text: its bytes count, and it is searched
	search []searchColumn // columns that are computed from the folded text
	key    *keyColumn
	json   string // the value in the JSON of an event, in the SQL of PostgreSQL; "": the column
}

// searchColumn is a column that is computed from a folded text.
type searchColumn struct {
	column string
	value  func(folded *string) *string
}

// keyColumn is a column that is computed from a value, to order by.
type keyColumn struct {
	column string
	value  func(value any) any
}

func member[T any](column string, at func(*Task) *T) field {
	return field{column: column, to: func(t *Task) any { return at(t) }, value: func(t *Task) any { return *at(t) }}
}

func instant(column string, at func(*Task) *time.Time) field {
	f := member(column, at)
	f.to = func(t *Task) any { return db.Instant(at(t)) }
	f.json = `to_char(` + column + ` AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
	return f
}

func (f field) setByDatabase() field {
	f.auto = true
	return f
}

// changes is a member that a Change can set. of returns nil to keep the value.
func changes[T any](column string, at func(*Task) *T, of func(*Change) *T) field {
	f := member(column, at)
	f.apply = func(c *Change, t *Task) {
		if value := of(c); value != nil {
			*at(t) = *value
		}
	}
	f.change = func(c *Change) (any, bool) {
		value := of(c)
		if value == nil {
			return nil, false
		}
		return *value, true
	}
	return f
}

func (f field) withText(search ...searchColumn) field {
	f.text, f.search = true, search
	return f
}

// withKey adds a column that is computed from the value.
func (f field) withKey(column string, of func(*string) string) field {
	f.key = &keyColumn{column, func(value any) any { return of(textOf(value)) }}
	return f
}

// textOf is a value that is a string or a *string.
func textOf(value any) *string {
	if text, ok := value.(string); ok {
		return &text
	}
	return value.(*string)
}

// write appends the columns of f and their values.
func (f field) write(value any, names []string, values []any) ([]string, []any) {
	names, values = append(names, f.column), append(values, value)
	if f.key != nil {
		names, values = append(names, f.key.column), append(values, f.key.value(value))
	}
	if !f.text {
		return names, values
	}
	folded := foldOptional(textOf(value))
	for _, s := range f.search {
		names, values = append(names, s.column), append(values, s.value(folded))
	}
	return names, values
}

func asFolded(folded *string) *string { return folded }

func optionalSortKey(folded *string) *string {
	if folded == nil {
		return nil
	}
	return new(sortKey(*folded))
}

// The columns of the statements.
var (
	taskColumns = strings.Join(columns(), ", ")
	// rowColumns leaves out a long description, so a row is bounded by the length of a title.
	rowColumns = strings.Replace(taskColumns, "description", `CASE WHEN `+isLong+` THEN NULL ELSE description END`, 1) + ", " + isLong
	textSize   = textSizeSQL()
	taskJSON   = taskJSONSQL()
)

func columns() (names []string) {
	for _, f := range fields {
		names = append(names, f.column)
	}
	return names
}

// textSizeSQL is the number of bytes of a task's texts, in a row of its columns.
func textSizeSQL() string {
	var sizes []string
	for _, f := range fields {
		if f.text {
			sizes = append(sizes, `COALESCE(octet_length(`+f.column+`), 0)`)
		}
	}
	return strings.Join(sizes, " + ")
}

// taskJSONSQL is a task as an event keeps it, in the SQL of PostgreSQL: json.Unmarshal makes
// the same Task of it as of what json.Marshal writes. Only zeros at the end of a time's fraction
// differ. The tags of its members are the names of their columns.
func taskJSONSQL() string {
	var values []string
	for _, f := range fields {
		values = append(values, cmp.Or(f.json, f.column)+` AS `+f.column)
	}
	return `(SELECT row_to_json(t)::text FROM (SELECT ` + strings.Join(values, ", ") + `) AS t)`
}

// fields are the destinations for taskColumns, with room for four more.
func (t *Task) fields() []any {
	to := make([]any, len(fields), len(fields)+4)
	for i, f := range fields {
		to[i] = f.to(t)
	}
	return to
}

// inserted are the columns and values of a new task.
func (t *Task) inserted() (names []string, values []any) {
	for _, f := range fields {
		if !f.auto {
			names, values = f.write(f.value(t), names, values)
		}
	}
	return append(names, "folded"), append(values, 1) // the first version
}

// changed are the columns that c sets, and their values.
func (c *Change) changed() (names []string, values []any) {
	for _, f := range fields {
		if f.change == nil {
			continue
		}
		if value, ok := f.change(c); ok {
			names, values = f.write(value, names, values)
		}
	}
	return names, values
}

// ApplyTo makes the change to a task in memory.
func (c *Change) ApplyTo(t *Task) {
	for _, f := range fields {
		if f.apply != nil {
			f.apply(c, t)
		}
	}
}
