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

// Bodies reads request bodies into memory, and bounds the memory of each body, of each
// sender and of all bodies. The rules:
//
//   - Room is taken for the bytes that arrived, not for the announced length. So a client
//     that announces much and sends nothing holds almost nothing.
//   - Room is taken in steps, each before its memory is allocated. It is given back when
//     the answer begins. Until then parsed values refer to the body; the answer is encoded
//     by then.
//   - The first KiB needs no room: it is less than the connection costs. So a client that
//     holds thousands of bodies open cannot keep others from a short request such as a
//     sign-in.
//   - When the room is full, no sender gets more than its share. A sender that holds less
//     than another takes the room of one of that other's unfinished bodies. Otherwise a few
//     senders, each within its share, could fill the room with slow bodies. A body that
//     gets no room waits a moment, then is refused with 503. Nothing was done.
type Bodies struct {
	limit int64 // of one body, in bytes
	all   int
	room  *fair.Room

	mu     sync.Mutex
	coming map[*incoming]struct{} // unfinished bodies larger than firstPiece
}

// BodyLimits says how much a Bodies holds, in bytes.
type BodyLimits struct {
	One    int64 // the largest body
	Sender int   // all bodies of one sender; more than One
	All    int
}

const (
	// bodyWait is how long a body waits for room. Most are in memory for milliseconds.
	bodyWait = time.Second
	// bodyQueue is how many may wait.
	bodyQueue = 1000
	// firstPiece is the buffer of a body before its first byte arrives. Most bodies fit
	// into it.
	firstPiece = 1 << 10
	// apartPiece is the size of one read of a larger body. The read uses a separate buffer:
	// while it waits for the client, the body's own buffer can be taken away.
	apartPiece = 4 << 10
	// pieceGrowth is the factor by which a body's buffer grows.
	pieceGrowth = 4
)

// retryAfterBusy is the Retry-After, in seconds, when all places are taken.
const retryAfterBusy = 2

// Busy answers 503 when too many requests of one kind are under way.
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

// ReadObject reads the body of r, which must be one JSON object sent as application/json or
// one of the further media types. The memory counts against the share of sender. The errors
// are 400, 408, 413, 415 and 503.
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
		return nil, BodyTooLarge(b.limit) // do not send 100 Continue
	}
	body, err := b.collect(r, sender, http.MaxBytesReader(w, r.Body, b.limit))
	var tooLarge *http.MaxBytesError
	var refused *Error
	switch {
	case errors.As(err, &tooLarge):
		return nil, BodyTooLarge(tooLarge.Limit)
	case errors.As(err, &refused): // from a guard around the body, or because the room is full
		return nil, refused
	case err != nil:
		return nil, BrokenBody(err)
	}
	return body, nil
}

// Taken returns how many bytes are taken at the moment.
func (b *Bodies) Taken() int {
	taken, _ := b.room.Load()
	return taken
}

// collect reads from in, one piece at a time.
func (b *Bodies) collect(r *http.Request, sender string, in io.Reader) ([]byte, error) {
	enough := b.limit + 1 // the extra byte shows the end
	if r.ContentLength >= 0 {
		enough = r.ContentLength + 1
	}
	body := &incoming{sender: sender}
	defer b.forget(body)
	var apart []byte // the buffer for one read of a large body
	for {
		if have := body.size; body.len == have {
			size := max(firstPiece, pieceGrowth*have)
			if int64(have) < enough && int64(2*size) > enough {
				size = int(enough) // enough for the rest in one step
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

// noRoom answers a body that gets no room. The rest of the body is not read.
func noRoom(err error) error {
	if _, full := errors.AsType[fair.Full](err); !full && !errors.Is(err, errGaveWay) {
		return fmt.Errorf("wait for room for the body: %w", err)
	}
	return Busy("requests with a body are being read", err).With("Connection", "close")
}
