package web

import (
	"errors"
	"net/http"
)

// incoming is a body on its way into memory. Once it is in Bodies.coming, bytes and lost
// are guarded by Bodies.mu; the rest is its reader's.
type incoming struct {
	sender string
	bytes  []byte // nil once it has given way
	len    int    // how many have come
	size   int    // how many there is memory for
	held   int    // how many of the room: none for the first piece
	leave  []func()
	lost   bool
}

// errGaveWay means that somebody with less in memory has got the room of a body.
var errGaveWay = errors.New("another sender, who has less, has the room")

// grow gives the body so much memory when there is room for it.
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

// add adds what has come, which may be in its place already. A body that is whole gives
// way to nobody any more. got is false when it has.
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

// makeRoom takes back, for n bytes of the sender, what others have more of.
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

// mostOf is the largest body that is still coming of the sender who has the most of them,
// if that is more than so many bytes.
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
