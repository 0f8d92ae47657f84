package proxy

import (
	"context"
	"io"
	"time"
)

const (
	// confirmAfter is how old the check of a session may be when the request goes on
	// to the API as a whole. A body that comes along with its head has arrived by
	// then, also over a bad line, and costs no second look. One that is held open
	// would let a session act that was ended long ago.
	confirmAfter = 250 * time.Millisecond
	// confirmTimeout bounds the look, during which the client's connection waits.
	confirmTimeout = 5 * time.Second
)

// whole says whether the n bytes that a read of the body gave, or the end that it
// found, make the request whole in the API's eyes: of a declared length its last byte
// does, else the end alone. The second time it says no.
func (b *requestBody) whole(n int, err error) bool {
	if b.confirmed {
		return false
	}
	b.left -= int64(n)
	//lint:ignore errorlint only io.EOF itself is the end of a body
	b.confirmed = err == io.EOF || err == nil && b.x.in.ContentLength > 0 && b.left == 0
	return b.confirmed
}

// confirm asks whether the session still lives, unless it was asked just now. The last
// byte waits for the answer: without it the API has a body that breaks off, on which
// it must not act.
func (b *requestBody) confirm() error {
	if time.Since(b.x.checked) < confirmAfter {
		return nil
	}
	ctx, cancel := context.WithTimeout(b.x.ctx, confirmTimeout)
	defer cancel()
	return b.x.confirm(ctx)
}
