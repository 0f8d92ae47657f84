package web

import (
	"errors"
	"net/http"
)

// incoming is a body that is being read into memory. Once it is in Bodies.coming, Bodies.mu
// guards bytes and lost. The other fields belong to its reader.
type incoming struct {
	sender string
	bytes  []byte // nil when its room was taken away
	len    int    // how many have arrived
	size   int    // how many the memory can hold
	held   int    // how many bytes of the room it holds: none for the first piece
	leave  []func()
	lost   bool
}

// errGaveWay means that a sender with less in memory took the room of this body.
var errGaveWay = errors.New("another sender, which holds less memory, took the room")

// grow takes room for size bytes and then allocates them.
func (b *Bodies) grow(r *http.Request, body *incoming, size int) error {
	if size <= firstPiece {
		body.bytes, body.size = make([]byte, size), size
		return nil
	}
	more := size - body.held
	b.makeRoom(body.sender, more)
	leave, err := b.room.Enter(r.Context(), body.sender, more)
	if err != nil {
		return err
	}
	atEnd(r, leave)
	b.mu.Lock()
	defer b.mu.Unlock()
	if body.lost {
		leave()
		return errGaveWay
	}
	body.leave = append(body.leave, leave)
	body.bytes, body.size, body.held = append(make([]byte, 0, size), body.bytes[:body.len]...)[:size], size, size
	b.coming[body] = struct{}{}
	return nil
}

// add adds the bytes of p, which may already be in place. A complete body can no longer
// lose its room. got is false when the body has lost it.
func (b *Bodies) add(body *incoming, p []byte, end bool) (whole []byte, got bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if body.lost {
		return nil, false
	}
	body.len += copy(body.bytes[body.len:], p)
	if end {
		delete(b.coming, body)
	}
	return body.bytes[:body.len], true
}

func (b *Bodies) forget(body *incoming) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.coming, body)
}

// makeRoom takes room from senders that hold more than this one, until n more bytes fit.
func (b *Bodies) makeRoom(sender string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.Taken()+n > b.all {
		body := b.mostOf(b.room.Held(sender) + n)
		if body == nil {
			return
		}
		body.lost, body.bytes = true, nil
		delete(b.coming, body)
		for _, leave := range body.leave {
			leave()
		}
	}
}

// mostOf returns the largest unfinished body of the sender that holds the most, if that
// sender holds more than bytes.
func (b *Bodies) mostOf(bytes int) (largest *incoming) {
	of, most := map[string]int{}, ""
	for body := range b.coming {
		of[body.sender] += body.size
		if of[body.sender] > of[most] {
			most = body.sender
		}
	}
	if of[most] <= bytes {
		return nil
	}
	for body := range b.coming {
		if body.sender == most && (largest == nil || body.size > largest.size) {
			largest = body
		}
	}
	return largest
}
