package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
)

// heldBody is a request whose body arrives as the test sends it.
type heldBody struct {
	t    *testing.T
	body chan int // how many bytes come next
	rec  record
	err  chan error
	got  []byte
}

// hold starts to read an unfinished body of sender. It needs a synctest bubble.
func hold(t *testing.T, b *Bodies, sender string, length int64) *heldBody {
	t.Helper()
	h := &heldBody{t: t, body: make(chan int, 10), err: make(chan error, 1)}
	r := httptest.NewRequest(http.MethodPost, "/", &arrivals{h.body, 0})
	r.ContentLength = length
	r = r.WithContext(context.WithValue(t.Context(), recordKey{}, &h.rec))
	go func() {
		var err error
		h.got, err = b.Read(httptest.NewRecorder(), r, sender)
		h.err <- err
	}()
	synctest.Wait()
	return h
}

func (h *heldBody) send(n int) {
	h.t.Helper()
	h.body <- n
	synctest.Wait()
}

// arrivals is a reader of the bytes that have arrived.
type arrivals struct {
	come chan int
	left int
}

func (a *arrivals) Read(p []byte) (int, error) {
	if a.left == 0 {
		n, open := <-a.come
		if !open {
			return 0, io.EOF
		}
		a.left = n
	}
	n := min(a.left, len(p))
	a.left -= n
	return n, nil
}

// end is the end of the request.
func (h *heldBody) end() {
	h.whole()
	h.answered()
}

func (h *heldBody) whole() {
	close(h.body)
	synctest.Wait()
}

func (h *heldBody) answered() {
	for _, f := range h.rec.atEnd {
		f()
	}
}

func (h *heldBody) wantBusy() {
	h.t.Helper()
	synctest.Wait()
	select {
	case err := <-h.err:
		var e *Error
		if !errors.As(err, &e) || e.Status != 503 || e.Code != "BUSY" || e.Header.Get("Retry-After") == "" || e.Header.Get("Connection") != "close" {
			h.t.Errorf("got %v, want 503", err)
		}
	default:
		h.t.Error("got a body that is read on, want 503")
	}
}

func (h *heldBody) wantReading() {
	h.t.Helper()
	select {
	case err := <-h.err:
		h.t.Errorf("got %v, want a body that is read on", err)
	default:
	}
}

func wantTaken(t *testing.T, b *Bodies, want int) {
	t.Helper()
	if taken, waiting := b.room.Load(); taken != want || waiting != 0 {
		t.Errorf("got %d bytes taken and %d bodies waiting, want %d and none", taken, waiting, want)
	}
}

const kib = 1 << 10
