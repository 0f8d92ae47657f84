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

func FuzzCursor(f *testing.F) {
	q := tasks.Query{By: tasks.ByCreated}
	f.Add(writeCursor(tasks.Position{Key: "2026-03-01T10:00:00.123Z", ID: 7}, ada, q), "2026-03-01T10:00:00.123Z", int64(7))
	f.Add("", "", int64(-1))
	f.Add("AAAAAAAAAAAAAAAAAAAAAA", "x", int64(1))
	f.Fuzz(func(t *testing.T, text, key string, id int64) {
		if p, err := readCursor(text, ada, q); err == nil && (!q.ValidPosition(p) || writeCursor(p, ada, q) != text) {
			t.Errorf("accepted %q as %+v", text, p)
		}
		for by := tasks.ByID; by <= tasks.ByTitle; by++ {
			q := tasks.Query{By: by}
			want := tasks.Position{Key: key, ID: id}
			cursor := writeCursor(want, ada, q)
			if got, err := readCursor(cursor, ada, q); (err == nil) != q.ValidPosition(want) || err == nil && got != want {
				t.Errorf("got %+v, error %v; want %+v", got, err, want)
			}
			if _, err := readCursor(cursor, bob, q); err == nil {
				t.Error("took another user's cursor")
			}
		}
	})
}
