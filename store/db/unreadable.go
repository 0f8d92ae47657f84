package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Another program can write into a row what this one never would: a date that is none,
// NULL, on SQLite text that is not UTF-8. Such a row is left out of whatever reads many:
// one must not keep a user from all others, nor stop the work in the background. Where
// it is the only row that was asked for, that is an *Unreadable. Each is reported.

// Unreadable is the error for a row that holds what this program would not have written.
// It shows nothing of what is in it.
type Unreadable struct {
	Table  string
	ID     string // of the row, or what else comes first in it; "" where that cannot be read either
	Column string
}

func (u *Unreadable) Error() string {
	return fmt.Sprintf("row %q of table %s cannot be read: column %s holds what another program must have written", u.ID, u.Table, u.Column)
}

// OnUnreadable has report called for rows that cannot be read: once for each, as long
// as there are not too many of them. It must be called before anything else.
func (s *DB) OnUnreadable(report func(*Unreadable)) { s.unreadable.report = report }

// unreadables are the rows that were reported. The zero value is ready.
type unreadables struct {
	report func(*Unreadable)

	mu       sync.Mutex
	reported map[Unreadable]bool
}

// maxReported bounds what is remembered of reported rows; past it they are reported anew.
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

// storeKey is where call leaves the store in the context of its statements.
type storeKey struct{}

func reportUnreadable(ctx context.Context, u *Unreadable) {
	if s, ok := ctx.Value(storeKey{}).(*DB); ok {
		s.unreadable.found(u)
	}
}

// scan scans the present row into dest. Its error is an *Unreadable where it is the
// row's fault. The columns that can be read are in dest then.
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
	one := make([]any, len(dest)) // takes anything, so that a failure is the connection's
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

// invalidIn returns which of dest holds text that is none, or -1.
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

// tableOf is the table that a statement is about: the first that it names.
func tableOf(query string) string {
	words := strings.Fields(query)
	for i, word := range words[:max(0, len(words)-1)] {
		if (word == "FROM" || word == "INTO" || word == "UPDATE") && words[i+1][0] != '(' {
			return strings.Trim(words[i+1], `"`)
		}
	}
	return "?"
}

// IsUnreadable reports whether err is about a row that cannot be read.
func IsUnreadable(err error) bool {
	_, is := errors.AsType[*Unreadable](err)
	return is
}
