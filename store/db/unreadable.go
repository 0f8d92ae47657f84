package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Another program can write invalid values into a row: an invalid date, NULL, or on SQLite
// text that is not UTF-8. Reads of many rows skip such a row: one bad row must not hide the
// others or stop background work. A read of a single row returns an *Unreadable. Each bad
// row is reported.

// Unreadable is the error for a row with an invalid value. It does not show the value.
type Unreadable struct {
	Table  string
	ID     string // the row's first column; "" if that is unreadable too
	Column string
}

func (u *Unreadable) Error() string {
	return fmt.Sprintf("row %q of table %s cannot be read: column %s holds what another program must have written", u.ID, u.Table, u.Column)
}

// OnUnreadable sets the function that is called for unreadable rows, once for each while
// there are few of them. Call it before any other method.
func (s *DB) OnUnreadable(report func(*Unreadable)) { s.unreadable.report = report }

// unreadables remembers the reported rows. The zero value is ready to use.
type unreadables struct {
	report func(*Unreadable)

	mu       sync.Mutex
	reported map[Unreadable]bool
}

// maxReported is the number of reported rows that are remembered. Beyond it, rows are
// reported again.
const maxReported = 1000

func (us *unreadables) found(u *Unreadable) {
	us.mu.Lock()
	known := us.reported[*u]
	if !known {
		if us.reported == nil || len(us.reported) >= maxReported {
			us.reported = map[Unreadable]bool{}
		}
		us.reported[*u] = true
	}
	us.mu.Unlock()
	if !known && us.report != nil {
		us.report(u)
	}
}

// storeKey is the context key under which Call stores the DB for its statements.
type storeKey struct{}

func reportUnreadable(ctx context.Context, u *Unreadable) {
	if s, ok := ctx.Value(storeKey{}).(*DB); ok {
		s.unreadable.found(u)
	}
}

// scan scans the current row into dest. If the row is bad, the error is an *Unreadable and
// dest has the columns that could be read.
func scan(rows *sql.Rows, dest []any, query string) error {
	err := rows.Scan(dest...)
	if err == nil {
		if i := invalidIn(dest); i >= 0 {
			return unreadable(rows, dest, i, query)
		}
		return nil
	}
	columns, nameless := rows.Columns()
	if nameless != nil || len(columns) != len(dest) {
		return err
	}
	one := make([]any, len(dest)) // accepts any value, so a failure here is the connection's
	for i := range one {
		one[i] = new(any)
	}
	if rows.Scan(one...) != nil {
		return err
	}
	bad := -1
	for i := range dest {
		one[i] = dest[i]
		if rows.Scan(one...) != nil && bad < 0 {
			bad = i
		}
		one[i] = new(any)
	}
	if bad < 0 || rows.Err() != nil {
		return err
	}
	return unreadable(rows, dest, bad, query)
}

// invalidIn returns the index of the first invalid text in dest, or -1.
func invalidIn(dest []any) int {
	for i, d := range dest {
		switch d := d.(type) {
		case *string:
			if !ValidText(*d) {
				return i
			}
		case **string:
			if *d != nil && !ValidText(**d) {
				return i
			}
		}
	}
	return -1
}

func unreadable(rows *sql.Rows, dest []any, column int, query string) error {
	u := &Unreadable{Table: tableOf(query)}
	if columns, err := rows.Columns(); err == nil {
		u.Column = columns[column]
	}
	switch id := dest[0].(type) {
	case *string:
		u.ID = strings.ToValidUTF8(*id, "?")
	case *int64:
		u.ID = fmt.Sprint(*id)
	}
	return u
}

// tableOf returns the first table that a statement names.
func tableOf(query string) string {
	words := strings.Fields(query)
	for i, word := range words[:max(0, len(words)-1)] {
		if (word == "FROM" || word == "INTO" || word == "UPDATE") && words[i+1][0] != '(' {
			return strings.Trim(words[i+1], `"`)
		}
	}
	return "?"
}

// IsUnreadable reports whether err is about an unreadable row.
func IsUnreadable(err error) bool {
	_, is := errors.AsType[*Unreadable](err)
	return is
}
