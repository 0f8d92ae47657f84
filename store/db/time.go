package db

import (
	"database/sql"
	"fmt"
	"time"
)

// timeLayout is how times are written, on both engines: as Better Auth keeps
// them in SQLite, where comparing the text compares the times.
const timeLayout = "2006-01-02T15:04:05.000Z"

// FormatTime writes a time as it is kept.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// Instant returns the destination of a time in a scan: SQLite returns text,
// PostgreSQL a time in some zone.
func Instant(to *time.Time) sql.Scanner { return instant{to} }

type instant struct{ to *time.Time }

// Scan implements sql.Scanner.
func (i instant) Scan(value any) error {
	t, err := ParseTime(value)
	*i.to = t
	return err
}

// NullInstant returns the destination of a time that may be null.
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

// ParseTime reads a time as a database returns it.
func ParseTime(value any) (time.Time, error) {
	switch v := value.(type) {
	case time.Time:
		t := v.UTC().Truncate(time.Millisecond)
		if y := t.Year(); y < 0 || y > 9999 { // which timeLayout cannot write
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
