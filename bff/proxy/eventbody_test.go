package proxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// eventsRig is the body of an event stream whose API sends one piece at a time.
type eventsRig struct {
	body       io.Reader
	pieces     chan string
	over       chan struct{}
	endSession context.CancelFunc
	stop       context.CancelFunc
}

// newEventsRig is for a bubble of synctest. The API has sent a text, and the client has read it.
func newEventsRig(t *testing.T, text string) *eventsRig {
	t.Helper()
	r := &eventsRig{pieces: make(chan string, 1), over: make(chan struct{})}
	x := &exchange{in: httptest.NewRequest("GET", "/", nil), proxy: &Proxy{}, over: r.over}
	x.proxy.stopping, r.stop = context.WithCancel(context.Background())
	x.lease, r.endSession = context.WithCancel(x.in.Context())
	x.ctx, x.cancel = context.WithCancelCause(x.lease)
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

// TestAStalledAPIDoesNotHoldASlowClient: the wait is as short then.
func TestAStalledAPIDoesNotHoldASlowClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newEventsRig(t, "data: ha")
		r.endSession()
		time.Sleep(5 * restOfEvent)
		begun := time.Now()
		if got, err := r.finish(); err == nil || got != "" || time.Since(begun) != restOfEvent {
			t.Errorf("got %q and %v after %v, want an error after %v", got, err, time.Since(begun), restOfEvent)
		}
	})
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

// FuzzEventBody ends a session between any two pieces of any stream. A client must read the
// events that are complete by then, at most one that had begun, and session.ended; or everything
// if no event ends.
func FuzzEventBody(f *testing.F) {
	f.Add("data: a\n\nevent: b\ndata: c\n\n: comment\n\ndata: d\n\n", 4, 12)
	f.Add("data: a\r\n\r\ndata: b\r\n\r\n", 3, 5)
	f.Add("data: a\r\rdata: b\r\r", 1, 9)
	f.Add("data: a\n\n\r\ndata: b\n\r\n", 2, 3)
	f.Fuzz(func(t *testing.T, data string, piece, passed int) {
		if piece < 1 || passed < 0 || passed > len(data) || strings.Contains(data, "session.ended") {
			return
		}
		if lone := strings.ReplaceAll(data, "\r\n", ""); strings.Contains(lone, "\r") && strings.Contains(data, "\n") {
			return // nobody mixes these: in "\n\r" an event ends where "\n" may still follow
		}
		r := strings.NewReader(data)
		x := &exchange{in: httptest.NewRequest("POST", "/", nil), proxy: &Proxy{stopping: context.Background()}, cutUpstream: func(error) {}}
		lease, endSession := context.WithCancel(context.Background())
		defer endSession()
		x.lease, x.ctx = lease, lease
		body := &eventBody{ReadCloser: io.NopCloser(r), x: x}
		begin := readPieces(t, body, passed, piece)
		endSession()
		rest, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		checkEnded(t, data, append(begin, rest...), len(begin))
	})
}

// readPieces reads n bytes of a body in pieces.
func readPieces(t *testing.T, body io.Reader, n, piece int) (got []byte) {
	t.Helper()
	for len(got) < n {
		p := make([]byte, min(piece, n-len(got)))
		read, err := body.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p[:read]...)
	}
	return got
}

// checkEnded checks what a client got of a stream whose session ended after n bytes.
func checkEnded(t *testing.T, data string, got []byte, n int) {
	t.Helper()
	passed, told := strings.CutSuffix(string(got), lastEvent)
	if !strings.HasPrefix(data, passed) || len(passed) < n || !told && len(passed) < len(data) {
		t.Fatalf("%q, ended after %d bytes: got %q", data, n, got)
	}
	want := events(passed)
	if begun := len(want) - len(events(data[:n])); begun > 1 {
		t.Errorf("%q, ended after %d bytes: got %d more events", data, n, begun)
	}
	if told {
		want = append(want, events(lastEvent)...)
	}
	if read := events(string(got)); !slices.Equal(read, want) {
		t.Errorf("%q, ended after %d bytes: a client reads %q, want %q", data, n, read, want)
	}
}

// events reads the types and data of all events, as the HTML standard says.
func events(stream string) (list []string) {
	var kind, data string
	stream = strings.ReplaceAll(strings.ReplaceAll(stream, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(stream, "\n")
	for _, line := range lines[:len(lines)-1] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && data != "":
			list = append(list, kind+" "+data)
			fallthrough
		case line == "":
			kind, data = "", ""
		case name == "event":
			kind = value
		case name == "data":
			data += value + "\n"
		}
	}
	return list
}
