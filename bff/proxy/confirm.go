package proxy

import (
	"context"
	"io"
	"time"
)

const (
	// confirmAfter is how old the check of the session may be when the body becomes
	// complete at the API. A body that is sent together with its header arrives within
	// this time, even over a bad connection, and needs no second check. Without the
	// second check, a client could hold a body open and complete it long after its
	// session has ended.
	confirmAfter = 250 * time.Millisecond
	// confirmTimeout bounds the second check. The client's connection waits for it.
	confirmTimeout = 5 * time.Second
)

// completes reports whether a read of n bytes, or the end that it found, completes the
// request for the API. With a declared length, the last byte does. Without one, only
// the end does. It returns true only once.
func (b *requestBody) completes(n int, err error) bool {
	if b.confirmed {
		return false
	}
	b.remaining -= int64(n)
	//lint:ignore errorlint only io.EOF itself is the end of a body
	b.confirmed = err == io.EOF || err == nil && b.x.in.ContentLength > 0 && b.remaining == 0
	return b.confirmed
}

// confirm checks that the session is still valid, unless that was checked just before.
// The last byte of the body waits for the result. Without that byte the API has an
// incomplete body, on which it must not act.
func (b *requestBody) confirm() error {
	if b.x.grant.Confirm == nil || time.Since(b.x.checked) < confirmAfter {
		return nil
	}
	ctx, cancel := context.WithTimeout(b.x.ctx, confirmTimeout)
	defer cancel()
	return b.x.grant.Confirm(ctx)
}
