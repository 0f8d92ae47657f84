package db

import (
	"database/sql"
	"fmt"
	"time"
)

// timeLayout is the format of times on both engines. It is Better Auth's for SQLite, where
// times compare like their texts.
const timeLayout = "2006-01-02T15:04:05.000Z"

// FormatTime formats a time as it is stored.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// Instant returns the scan destination of a time. SQLite returns text, PostgreSQL a time in
// any zone.
func Instant(to *time.Time) sql.Scanner { return instant{to} }

type instant struct{ to *time.Time }

// Scan implements sql.Scanner.
func (i instant) Scan(value any) error {
	t, err := ParseTime(value)
	*i.to = t
	return err
}

// NullInstant returns the scan destination of a time that may be NULL.
func NullInstant(to **time.Time) sql.Scanner { return nullInstant{to} }

type nullInstant struct{ to **time.Time }

// Scan implements sql.Scanner.
func (n nullInstant) Scan(value any) error {
	*n.to = nil
	if value == nil {
		return nil
	}
	t, err := ParseTime(value)
	*n.to = &t
	return err
}

// ParseTime parses a time that a database has returned.
func ParseTime(value any) (time.Time, error) {
	switch v := value.(type) {
	case time.Time:
		t := v.UTC().Truncate(time.Millisecond)
		if y := t.Year(); y < 0 || y > 9999 { // timeLayout cannot represent it
			return time.Time{}, fmt.Errorf("time in the database: the year %d", y)
		}
		return t, nil
	case string:
		t, err := time.Parse(timeLayout, v)
		return t.UTC(), err
	default:
		return time.Time{}, fmt.Errorf("time in the database: got a %T", value)
	}
}
