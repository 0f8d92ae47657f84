package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"vestibule/internal/fair"
)

// Bodies reads the bodies of requests into memory, and bounds what they take there,
// each, of one sender and in all. The rules:
//
//   - No room is taken for what a head announces, but for what has come. So a client
//     that announces much and sends nothing holds next to nothing.
//   - Room is taken before memory is, in steps, and given back when the request has
//     begun to be answered, to which the answer has been encoded: what was parsed refers
//     to the body.
//   - The first KiB needs no room: it is less than the connection takes. So whoever holds
//     thousands of bodies open does not keep others, behind the same address or from
//     anywhere, from what is as short as a sign-in.
//   - Of a full room no sender gets more than its share. Whoever has less than another
//     takes the room of a body of theirs that is still coming: a few senders, each within
//     its share, would fill the room with what they send slowly. Who finds none waits a
//     moment, and is refused then with 503: nothing was done.
type Bodies struct {
	limit int64 // of one body, in bytes
	all   int
	room  *fair.Room

	mu     sync.Mutex
	coming map[*incoming]struct{} // those that are larger than firstPiece
}

// BodyLimits says how much a Bodies holds, in bytes.
type BodyLimits struct {
	One    int64 // the largest body
	Sender int   // all of one sender; several of the largest
	All    int
}

const (
	// bodyWait is how long a body waits for room. Most are in memory for milliseconds.
	bodyWait = time.Second
	// bodyQueue is how many may wait.
	bodyQueue = 1000
	// firstPiece is what a body has before its first byte has come. It holds most bodies
	// whole.
	firstPiece = 1 << 10
	// apartPiece is how much of a larger body is read at once, beside it: what waits for a
	// client must not be what gives way to others.
	apartPiece = 4 << 10
	// pieceGrowth is how many times larger each piece is than the one before, which it
	// replaces.
	pieceGrowth = 4
)

// retryAfterBusy is the Retry-After, in seconds, where all places are taken.
const retryAfterBusy = 2

// Busy answers 503 where what is asked for is done for too many at the moment.
func Busy(what string, cause error) *Error {
	return Refuse(http.StatusServiceUnavailable, "BUSY", "Too many "+what+" at the moment. Please try again.").
		With("Retry-After", strconv.Itoa(retryAfterBusy)).
		Because(cause)
}

// NewBodies returns an empty Bodies.
func NewBodies(l BodyLimits) *Bodies {
	if int64(l.Sender) <= l.One {
		panic("web: a sender's share holds no body of the largest size")
	}
	return &Bodies{limit: l.One, all: l.All, coming: map[*incoming]struct{}{}, room: fair.New(fair.Limits{
		Places: l.All, PerKey: l.Sender, Queue: bodyQueue, QueuePerKey: bodyQueue / 4, Wait: bodyWait,
	})}
}

// ReadObject reads the body of r, which must be one JSON object sent as
// application/json or one of the further media types. It comes out of the share of
// sender. The errors are 400, 408, 413, 415 and 503.
func (b *Bodies) ReadObject(w http.ResponseWriter, r *http.Request, sender string, further ...string) (*Object, error) {
	if err := checkJSONType(r.Header, append([]string{"application/json"}, further...)); err != nil {
		return nil, err
	}
	body, err := b.Read(w, r, sender)
	if err != nil {
		return nil, err
	}
	return ParseObject(body)
}

// Read reads the body of r to its end. The errors are 400, 408, 413 and 503.
func (b *Bodies) Read(w http.ResponseWriter, r *http.Request, sender string) ([]byte, error) {
	if r.ContentLength > b.limit {
		return nil, BodyTooLarge(b.limit) // without asking for it with a 100
	}
	body, err := b.collect(r, sender, http.MaxBytesReader(w, r.Body, b.limit))
	var tooLarge *http.MaxBytesError
	var refused *Error
	switch {
	case errors.As(err, &tooLarge):
		return nil, BodyTooLarge(tooLarge.Limit)
	case errors.As(err, &refused): // of a guard, which has put itself before the end, or a full room
		return nil, refused
	case err != nil:
		return nil, BrokenBody(err)
	}
	return body, nil
}

// Taken says how many bytes are taken at the moment.
func (b *Bodies) Taken() int {
	taken, _ := b.room.Load()
	return taken
}

// collect reads from in, a piece at a time.
func (b *Bodies) collect(r *http.Request, sender string, in io.Reader) ([]byte, error) {
	enough := b.limit + 1 // one more shows that there is no more
	if r.ContentLength >= 0 {
		enough = r.ContentLength + 1
	}
	body := &incoming{sender: sender}
	defer b.forget(body)
	var apart []byte // what the client is waited for with
	for {
		if have := body.size; body.len == have {
			size := max(firstPiece, pieceGrowth*have)
			if int64(have) < enough && int64(2*size) > enough {
				size = int(enough) // rather than to grow once more for the rest
			}
			if err := b.grow(r, body, size); err != nil {
				return nil, noRoom(err)
			}
		}
		p := apart
		if body.size <= firstPiece {
			p = body.bytes[body.len:]
		} else if p == nil {
			apart = make([]byte, apartPiece)
			p = apart
		}
		p = p[:min(len(p), body.size-body.len)]
		n, err := in.Read(p)
		whole, got := b.add(body, p[:n], err == io.EOF)
		switch {
		case !got:
			return nil, noRoom(errGaveWay)
		case err == io.EOF:
			return whole, nil
		case err != nil:
			return nil, err
		}
	}
}

// noRoom answers a body for which there is none. What follows of it is not worth
// reading.
func noRoom(err error) error {
	if _, full := errors.AsType[fair.Full](err); !full && !errors.Is(err, errGaveWay) {
		return fmt.Errorf("wait for room for the body: %w", err)
	}
	return Busy("requests with a body are being read", err).With("Connection", "close")
}
