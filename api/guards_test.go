package api

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/internal/jose"
	"vestibule/store/tasks"
)

// TestKeysCountOnlyInAGoodAnswer: what comes with an error may be a proxy's, or an old
// one that somebody has kept.
func TestKeysCountOnlyInAGoodAnswer(t *testing.T) {
	i := &issuer{}
	j, err := newJWKS("JWKS_URL", serve(t, i)+"/jwks", jose.EdDSA, nil, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	set := `{"keys":[` + jwkOf(t, "k1", newEdKey(t)) + `]}`
	for _, status := range []int{200, 201, 203, 206, 404, 410, 500, 503} {
		i.Answers(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, set)
		})
		if keys, err := j.get(t.Context()); (err == nil) != (status == 200) {
			t.Errorf("%d: got %d keys, %v", status, len(keys), err)
		}
	}
	i.Answers(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, set+strings.Repeat(" ", jwksMaxBytes))
	})
	if _, err := j.get(t.Context()); err == nil {
		t.Error("got an overlong answer taken")
	}
}

// TestACursorHasOneSpelling: its last character may have bits that mean nothing.
func TestACursorHasOneSpelling(t *testing.T) {
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
			continue // no bits to spare
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
