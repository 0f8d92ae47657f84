package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"vestibule/internal/waittest"
)

// eventsThenWait is an API whose event stream begins with a text and then stays open.
func eventsThenWait(text string, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		_, _ = io.WriteString(w, text)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
}

// TestTheLastEventOfAStreamTellsThatTheSessionEnded, unless the stream is in the middle of an
// event, or its bytes are not plain text.
func TestTheLastEventOfAStreamTellsThatTheSessionEnded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text   string
		accept string
		header []string
		told   bool
	}{
		{"data: a\n\n", eventStream, nil, true},
		{"data: a\n\n", "*/*", nil, true},
		{"data: a\n\ndata: half", "*/*", nil, false},
		{": comment\r\n\r\n", eventStream, nil, true},
		{"data: a\r\r", eventStream, nil, true},
		{"data: a\n\n", eventStream, []string{"Content-Encoding", "identity"}, true},
		{"data: a\n", eventStream, nil, false},
		{"data: a\n\ndata: half", eventStream, nil, false},
		{"compressed\n\n", eventStream, []string{"Content-Encoding", "br"}, false},
		{"{}\n\n", eventStream, []string{"Content-Type", "application/x-ndjson"}, false},
	} {
		t.Run(fmt.Sprintf("%q %s %v", tt.text, tt.accept, tt.header), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, eventsThenWait(tt.text, tt.header...))
			req := r.request(t.Context(), "GET", "/api/proxy/events", nil, "Accept", tt.accept)
			res, err := http.DefaultTransport.RoundTrip(req) // a client would undo the encoding
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			begin := make([]byte, len(tt.text))
			if _, err := io.ReadFull(res.Body, begin); err != nil {
				t.Fatal(err)
			}
			r.endSession()
			rest, err := io.ReadAll(res.Body)
			want := ""
			if tt.told {
				want = "event: session.ended\ndata: {\"code\":\"SESSION_EXPIRED\",\"message\":\"Session expired. Please log in again.\"}\n\n"
			}
			if string(rest) != want || (err == nil) != tt.told {
				t.Errorf("after the end: got %q and %v, want %q and a well-formed end: %t", rest, err, want, tt.told)
			}
		})
	}
}

// TestAnAPIIsAskedNotToCompressEvents. Whether other answers are compressed, the client decides.
func TestAnAPIIsAskedNotToCompressEvents(t *testing.T) {
	t.Parallel()
	api := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("X-Asked", strings.Join(req.Header["Accept-Encoding"], "; "))
	}))
	for _, tt := range []struct{ accept, want string }{
		{"text/event-stream", "identity"},
		{"application/json, Text/Event-Stream;q=0.9", "identity"},
		{"application/json", "gzip, br"},
		{"text/event-stream2", "gzip, br"},
		{"application/x-ndjson", "gzip, br"},
	} {
		res, _ := api.get("/api/proxy/x", "Accept", tt.accept, "Accept-Encoding", "gzip, br")
		if got := res.Header.Get("X-Asked"); got != tt.want {
			t.Errorf("%s: the API got Accept-Encoding %q, want %q", tt.accept, got, tt.want)
		}
	}
}

// TestTheLastEventDoesNotWaitForAReader: a client that reads nothing cannot hold the exchange.
func TestTheLastEventDoesNotWaitForAReader(t *testing.T) {
	t.Parallel()
	r := newRig(t, endlessEvents(new(atomic.Int64)))
	c := r.raw("GET /api/proxy/events HTTP/1.1\nHost: app\nCookie: a=b\nAccept: text/event-stream\n\n")
	if _, err := http.ReadResponse(c.r, nil); err != nil {
		t.Fatal(err)
	}
	r.endSession()
	waittest.Until(t, "the end of the exchange", func() bool { return r.leases.Load() == 0 })
}

// TestAWebSocketIsToldThatTheSessionEnded: with a close frame between two frames of the API.
func TestAWebSocketIsToldThatTheSessionEnded(t *testing.T) {
	t.Parallel()
	t.Run("between two messages", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, newSocketAPI())
		conn, _ := r.dial()
		if err := conn.Write(t.Context(), websocket.MessageBinary, bytes.Repeat([]byte("x"), 100_000)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := conn.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.endSession()
		_, _, err := conn.Read(t.Context())
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != 4401 || closed.Reason != SessionExpired {
			t.Errorf("got %v, want the close code 4401", err)
		}
	})
	for name, sent := range map[string]string{
		"never inside a frame":        "\x82\x05he",
		"never inside a header":       "\x82\x7e\x01",
		"not after the API's goodbye": "\x88\x02\x03\xe8",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
				upgradeRaw(conn, in)
				_, _ = io.WriteString(conn, sent)
				_, _ = io.Copy(io.Discard, in)
			}))
			c := r.upgrade()
			begin := make([]byte, len(sent))
			if _, err := io.ReadFull(c.r, begin); err != nil {
				t.Fatal(err)
			}
			r.endSession()
			if rest, _ := io.ReadAll(c.r); len(rest) > 0 {
				t.Errorf("got %q after %q, want nothing", rest, begin)
			}
		})
	}
}

// lateContext has ended and has not yet called what waits for that.
type lateContext struct {
	context.Context
	done chan struct{}
}

func (c lateContext) Done() <-chan struct{} { return c.done }

func (c lateContext) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

func (lateContext) AfterFunc(func()) (stop func() bool) { return func() bool { return true } }

// TestAWebSocketIsToldEvenIfTheProxyClosesItFirst: on a busy machine, ReverseProxy may see the end
// of the context and close the tunnel before end is called.
func TestAWebSocketIsToldEvenIfTheProxyClosesItFirst(t *testing.T) {
	t.Parallel()
	client, conn := net.Pipe()
	ctx := lateContext{t.Context(), make(chan struct{})}
	x := &exchange{in: &http.Request{}, ctx: ctx, cancel: func(error) { close(ctx.done) }}
	tunnel := newTunnel(conn, bufio.NewReader(conn), x)
	tunnel.started()
	x.endLease(errSessionOver)
	go tunnel.Close()
	want := string(closeFrame(closeExpired, SessionExpired))
	got := make([]byte, len(want))
	if _, err := io.ReadFull(client, got); err != nil || string(got) != want {
		t.Errorf("got %q and error %v, want %q", got, err, want)
	}
	client.Close()
}

// FuzzFrames holds the position in frames to a reader of whole frames, for pieces of any size.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x81\x03abc\x82\x7e\x00\x02ab\x89\x00"), 1)
	f.Add([]byte("\x01\x83mask123\x80\x00\x88\x02\x03\xe8"), 3)
	f.Add([]byte("\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x01a"), 2)
	f.Fuzz(func(t *testing.T, data []byte, piece int) {
		if piece < 1 {
			return
		}
		var fr frames
		for rest := data; len(rest) > 0; {
			n := min(piece, len(rest))
			fr.pass(rest[:n])
			rest = rest[n:]
		}
		if got, want := fr.between(), betweenFrames(data); got != want {
			t.Errorf("%x in pieces of %d: got %t, want %t", data, piece, got, want)
		}
	})
}

// betweenFrames reads whole frames and reports whether nothing is left and none was a close
// frame.
func betweenFrames(data []byte) bool {
	for len(data) > 0 {
		if len(data) < 2 || data[0]&0x0f == 8 {
			return false
		}
		length, header := uint64(data[1]&0x7f), 2
		extended := map[uint64]int{126: 2, 127: 8}[length]
		if len(data) < header+extended {
			return false
		}
		if extended > 0 {
			length = 0
			for _, b := range data[2 : 2+extended] {
				length = length<<8 | uint64(b)
			}
		}
		header += extended
		if data[1]&0x80 != 0 {
			header += 4
		}
		if len(data) < header || uint64(len(data)-header) < length {
			return false
		}
		data = data[uint64(header)+length:]
	}
	return true
}
