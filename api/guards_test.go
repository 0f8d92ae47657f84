package api

import (
	"bytes"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/store/tasks"
)

// TestExponentsOfRSAKeys: an even one has no inverse, with 1 every message is its own
// signature, and one that is longer than the processor's words would be read as
// another.
func TestExponentsOfRSAKeys(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	modulus := encode(append([]byte{0x80}, bytes.Repeat([]byte{1}, 255)...))
	for _, tt := range []struct {
		name     string
		exponent []byte
		want     bool
	}{
		{"65537", []byte{1, 0, 1}, true},
		{"3", []byte{3}, true},
		{"the greatest", []byte{0x7f, 0xff, 0xff, 0xff}, true},
		{"none", nil, false},
		{"0", []byte{0}, false},
		{"1", []byte{1}, false},
		{"2", []byte{2}, false},
		{"even", []byte{1, 0, 0}, false},
		{"a leading zero", []byte{0, 1, 0, 1}, false},
		{"too great for some", []byte{0x80, 0, 0, 1}, false},
		{"too great for a word", []byte{1, 0, 0, 0, 0, 0, 1, 0, 1}, false},
	} {
		if _, err := rsaKey(modulus, encode(tt.exponent)); (err == nil) != tt.want {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}

// TestKeysCountOnlyInAGoodAnswer: what comes with an error may be a proxy's, or an old
// one that somebody has kept.
func TestKeysCountOnlyInAGoodAnswer(t *testing.T) {
	i := &issuer{}
	j, err := newJWKS("JWKS_URL", serve(t, i)+"/jwks", EdDSA, nil, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	set := `{"keys":[` + jwkOf(t, "k1", newEdKey(t)) + `]}`
	for _, status := range []int{200, 201, 203, 206, 404, 410, 500, 503} {
		i.answers(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, set)
		})
		if keys, err := j.get(t.Context()); (err == nil) != (status == 200) {
			t.Errorf("%d: got %d keys, %v", status, len(keys), err)
		}
	}
	i.answers(func(w http.ResponseWriter, _ *http.Request) {
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
