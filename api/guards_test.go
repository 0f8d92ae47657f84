package api

import (
	"strings"
	"testing"

	"vestibule/store/tasks"
)

// TestACursorHasOneSpelling: its last character may have unused bits.
func TestACursorHasOneSpelling(t *testing.T) {
	t.Parallel()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	q := tasks.Query{By: tasks.ByTitle}
	tried := 0
	for _, key := range []string{"k", "ke", "key"} {
		text := writeCursor(tasks.Position{ID: 7, Key: key}, "usr_1", q)
		if _, err := readCursor(text, "usr_1", q); err != nil {
			t.Fatal(err)
		}
		last := strings.IndexByte(alphabet, text[len(text)-1])
		if len(text)%4 == 0 || last&1 != 0 {
			continue // no unused bits
		}
		tried++
		if _, err := readCursor(text[:len(text)-1]+alphabet[last+1:last+2], "usr_1", q); err == nil {
			t.Errorf("%q: got another spelling taken", key)
		}
	}
	if tried == 0 {
		t.Fatal("no cursor has bits to spare")
	}
}
