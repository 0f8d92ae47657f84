package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// eventsRig is the body of an event stream whose API sends one piece at a time.
type eventsRig struct {
	body       io.Reader
	pieces     chan string
	over       chan struct{}
	x          *exchange
	endSession context.CancelFunc
	stop       context.CancelFunc
}

// newEventsRig is for a bubble of synctest. The API has sent a text, and the client has read it.
func newEventsRig(t *testing.T, text string) *eventsRig {
	t.Helper()
	r := &eventsRig{pieces: make(chan string, 1), over: make(chan struct{})}
	x := &exchange{in: httptest.NewRequest("GET", "/", nil), events: true, proxy: &Proxy{}, over: r.over}
	r.x = x
	x.proxy.stopping, r.stop = context.WithCancel(context.Background())
	x.ctx, x.cancel = context.WithCancelCause(x.in.Context())
	r.endSession = func() { x.endLease(errSessionOver) }
	upstream := x.upstream(context.Background())
	res := &http.Response{Body: io.NopCloser(&sentPieces{upstream, r.pieces, ""})}
	x.follow(res)
	r.body = res.Body
	r.pieces <- text
	if _, err := io.ReadFull(r.body, make([]byte, len(text))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(r.over)
		r.stop()
		time.Sleep(time.Second) // of the bubble, in which all its goroutines end
	})
	return r
}

// sentPieces reads pieces until its context ends.
type sentPieces struct {
	ctx    context.Context
	pieces <-chan string
	rest   string
}

func (s *sentPieces) Read(p []byte) (int, error) {
	if s.rest == "" {
		select {
		case <-s.ctx.Done():
			return 0, context.Cause(s.ctx)
		case piece, more := <-s.pieces:
			if !more {
				return 0, io.EOF
			}
			s.rest = piece
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// finish reads the body to its end, sends pieces meanwhile, and returns all that was read.
func (r *eventsRig) finish(pieces ...string) (string, error) {
	go func() {
		for _, piece := range pieces {
			time.Sleep(restOfEvent / 10)
			select {
			case r.pieces <- piece:
			case <-r.over:
			}
		}
	}()
	got, err := io.ReadAll(r.body)
	return string(got), err
}

// TestAnEventThatHasBegunMayFinish, for a short time, and no other may begin.
func TestAnEventThatHasBegunMayFinish(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, before string
		after        []string
		rest         string // what is passed on after the end
		told         bool
	}{
		{"its rest arrives", "data: a\n\ndata: ha", []string{"lf\n", "\n"}, "lf\n\n", true},
		{"its rest arrives together with the next", "data: ha", []string{"lf\n\ndata: next\n\n"}, "lf\n\n", true},
		{"between two events, another is not passed on", "data: a\n\n", []string{"data: next\n\n"}, "", true},
		{"its rest does not arrive", "data: ha", []string{"l", "f"}, "lf", false},
		{"its lines end with both characters", "data: ha", []string{"lf\r\n\r", "\ndata: next\r\n\r\n"}, "lf\r\n\r\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newEventsRig(t, tt.before)
				ended := time.Now()
				r.endSession()
				got, err := r.finish(tt.after...)
				want := tt.rest
				if tt.told {
					want += lastEvent
				}
				if got != want || (err == nil) != tt.told {
					t.Errorf("got %q and %v, want %q and a well-formed end: %t", got, err, want, tt.told)
				}
				if took := time.Since(ended); took > restOfEvent {
					t.Errorf("the stream lasted %v longer than its session, want at most %v", took, restOfEvent)
				}
			})
		})
	}
}

// TestASlowClientHasTheRestOfItsEventToo: the wait for the API begins when the client has read.
func TestASlowClientHasTheRestOfItsEventToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newEventsRig(t, "data: ha")
		r.endSession()
		time.Sleep(5 * restOfEvent)
		if got, err := r.finish("lf\n\n"); err != nil || got != "lf\n\n"+lastEvent {
			t.Errorf("got %q and %v, want the rest and the last event", got, err)
		}
	})
}

// TestAnEventThatStopsInTheMiddle ends its stream, if it does not continue soon.
func TestAnEventThatStopsInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		read, ended time.Duration // when the client reads, and when the session ends
	}{
		{"the API is waited for", 0, restOfEvent},
		{"the client was slow", 5 * restOfEvent, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newEventsRig(t, "data: ha")
				time.AfterFunc(tt.ended, r.endSession)
				begun := time.Now()
				time.Sleep(tt.read)
				want := max(tt.read, tt.ended) + restOfEvent
				if got, err := r.finish(); err == nil || got != "" || time.Since(begun) != want {
					t.Errorf("got %q and %v after %v, want an error after %v", got, err, time.Since(begun), want)
				}
			})
		})
	}
}

// TestAStopEndsEventsBetweenTwoEvents, and tells nothing: the client opens the stream again.
func TestAStopEndsEventsBetweenTwoEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newEventsRig(t, "data: ha")
		r.stop()
		if got, err := r.finish("lf\n\ndata: next\n\n"); err != nil || got != "lf\n\n" {
			t.Errorf("got %q and %v, want the rest of the event", got, err)
		}
	})
}

// TestAStopDoesNotWaitForAReader of events.
func TestAStopDoesNotWaitForAReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newEventsRig(t, "data: ha")
		r.stop()
		time.Sleep(lastWords - time.Nanosecond)
		if err := r.x.ctx.Err(); err != nil {
			t.Errorf("got %v before the client's time is over", err)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if err := context.Cause(r.x.ctx); !errors.Is(err, errStopping) {
			t.Errorf("got %v, want the end", err)
		}
	})
}

// TestACloseFrameFollowsTheHandshake, even if the process stops before the answer was sent.
func TestACloseFrameFollowsTheHandshake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, conn := net.Pipe()
		ctx, cancel := context.WithCancelCause(t.Context())
		tunnel := newTunnel(conn, bufio.NewReader(conn), &exchange{ctx: ctx, in: &http.Request{}})
		var got bytes.Buffer
		go func() { _, _ = got.ReadFrom(client) }()
		cancel(errStopping)
		synctest.Wait()
		if got.Len() > 0 {
			t.Fatalf("got %x before the handshake's answer", got.Bytes())
		}
		_, _ = tunnel.Read(make([]byte, 1))
		_ = tunnel.Close()
		synctest.Wait()
		if want := closeFrame(closeGoingAway, stoppingReason); !bytes.Equal(got.Bytes(), want) {
			t.Errorf("got %x, want %x", got.Bytes(), want)
		}
	})
}
