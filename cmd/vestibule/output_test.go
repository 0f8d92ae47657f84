package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestPrintableTextIsNotChanged(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "Ada", "Éva Ångström", `a "quoted" \ name`, "山田　太郎", "🎉"} {
		if got := printable(text); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
}

// FuzzPrintable checks that any text fits into one cell of one line.
func FuzzPrintable(f *testing.F) {
	for _, text := range []string{"Ada", "\x1b[2J", "\u202eevil", "a\tb\nc", "\xff", "\u0085", "\u200b", "\ue000", "\U000e0001", `"\"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := printable(text)
		if i := strings.IndexFunc(got, func(r rune) bool { return !unicode.IsGraphic(r) }); i >= 0 {
			t.Errorf("%q: got %q, which holds %q", text, got, got[i:])
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, text := range []string{"", "24h", "-1h", "2026-03-01", "2026-03-01T10:00:00+02:00", "0000-01-01", "9999-12-31T23:59:59-01:00", "2562047h"} {
		f.Add(text)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseTime(text, now)
		if year := at.UTC().Year(); err == nil && (year < 1 || year > 9999) {
			t.Errorf("%q: got %v, which not every database can store", text, at)
		}
	})
}

// A list of several pages has every row once, in aligned columns.
func TestALongListHasEveryRowOnce(t *testing.T) {
	onConsole(t, func(c *console) {
		const users = 2*outputPage + 3
		rows := make([]string, users)
		for i := range users {
			rows[i] = fmt.Sprintf("('usr_%06d', '%s', 'u%04d@example.com', false, '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z')", i, strings.Repeat("é", 1+i%20), i)
		}
		c.execute(`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt") VALUES ` + strings.Join(rows, ", "))
		lines := strings.Split(strings.TrimSuffix(c.do("", 0, "user", "list"), "\n"), "\n")
		if len(lines) != users+1 {
			c.Fatalf("got %d lines, want %d and a header", len(lines), users)
		}
		column := func(line, cell string) int { return len([]rune(line[:strings.Index(line, cell)])) }
		for i, line := range lines[1:] {
			if !strings.HasPrefix(line, fmt.Sprintf("usr_%06d  u%04d@example.com ", i, i)) || column(line, " no ") != column(lines[0], " VERIFIED") {
				c.Fatalf("got line %q under %q", line, lines[0])
			}
		}
		if got := len(c.rows("user", "list")); got != users {
			c.Errorf("got %d objects, want %d", got, users)
		}
	})
}

func TestAFailedWriteOfResultsIsAnError(t *testing.T) {
	onConsole(t, func(c *console) {
		c.create("ada@example.com")
		for _, args := range []string{"user list", "user list --json", "user show ada@example.com", "audit", "migrate up", "migrate status", "user disable ada@example.com", "version", "help"} {
			var errs bytes.Buffer
			code := run(c.Context(), strings.Fields(args), c.env, strings.NewReader(""), full{}, &errs)
			if code != exitFailure || !strings.Contains(errs.String(), "cannot be written (no space left)") || strings.Contains(errs.String(), "DATABASE_URL") {
				c.Errorf("%s: got code %d, %q", args, code, errs.String())
			}
		}
	})
}

// full is a writer that always fails, like a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// If another program has damaged the row of a user, the list reports that row.
func TestAListReportsUnreadableRows(t *testing.T) {
	onConsole(t, func(c *console) {
		id := c.create("ada@example.com")
		c.create("bob@example.com")
		date := "infinity"
		if strings.HasPrefix(c.env["DATABASE_URL"], "sqlite:") {
			date = "2025-99-99T00:00:00.000Z"
		}
		c.execute(`UPDATE "user" SET "updatedAt" = '` + date + `' WHERE id = '` + id + `'`)
		var out, errs bytes.Buffer
		if code := run(c.Context(), []string{"user", "list"}, c.env, strings.NewReader(""), &out, &errs); code != exitOK {
			c.Errorf("got code %d", code)
		}
		if got := out.String(); !strings.Contains(got, "bob@example.com") || strings.Contains(got, "ada@example.com") {
			c.Errorf("got %q, want the other user", got)
		}
		if got := errs.String(); !strings.Contains(got, `skipped: row "`+id+`" of table user cannot be read: column updatedAt`) {
			c.Errorf("got %q, want the row named", got)
		}
	})
}
