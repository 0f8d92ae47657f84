package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"vestibule/store/tasks"
)

// A cursor is the position where a page ended, with a checksum of the position and the
// list. The checksum detects mistakes: a cursor that was cut off or used with another list.
// It does not prevent forgery, and need not: every statement names the user, so a forged
// cursor is only another position in the caller's own list.

const cursorSum = 8 // bytes

var errCursor = errors.New("is not a cursor of this list; start again without it")

func writeCursor(p tasks.Position, user string, q tasks.Query) string {
	place := append(binary.BigEndian.AppendUint64(nil, uint64(p.ID)), p.Key...) // #nosec G115 -- readCursor converts it back
	return base64.RawURLEncoding.EncodeToString(append(checksum(place, user, q), place...))
}

func readCursor(text, user string, q tasks.Query) (tasks.Position, error) {
	// Strict: the unused bits of the last character must be zero, so that a position has
	// only one spelling.
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < cursorSum+8 {
		return tasks.Position{}, errCursor
	}
	sum, place := raw[:cursorSum], raw[cursorSum:]
	p := tasks.Position{ID: int64(binary.BigEndian.Uint64(place)), Key: string(place[8:])} // #nosec G115 -- see writeCursor
	if !bytes.Equal(sum, checksum(place, user, q)) || !q.ValidPosition(p) {
		return tasks.Position{}, errCursor
	}
	return p, nil
}

func checksum(place []byte, user string, q tasks.Query) []byte {
	completed := "either"
	if q.Completed != nil {
		completed = fmt.Sprint(*q.Completed)
	}
	list := fmt.Appendf(nil, "%q %d %t %s %q %x", user, q.By, q.Descending, completed, q.Search, place)
	if q.Due != nil { // without it, cursors of earlier versions stay valid
		list = fmt.Appendf(list, " %q", *q.Due)
	}
	sum := sha256.Sum256(list)
	return sum[:cursorSum]
}
