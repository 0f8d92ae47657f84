package main

import (
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestPrintableTextIsNotChanged(t *testing.T) {
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
