package web

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAConnectionIsKeptThroughLongPauses(t *testing.T) {
	t.Parallel()
	ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), brief, func(w http.ResponseWriter, r *http.Request) error {
		_, _ = io.Copy(w, r.Body)
		return nil
	}), withShortTimeouts)
	c := dial(t, ts)
	for _, request := range []string{post("hello"), get, post("")} {
		c.send(request)
		c.wantStatus(http.StatusOK)
		time.Sleep(severalStalls)
	}
}

func TestAHijackedConnectionHasNoDeadlines(t *testing.T) {
	t.Parallel()
	ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), brief, func(w http.ResponseWriter, _ *http.Request) error {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		_, _ = w.Write([]byte("refused with http.ErrHijacked"))
		for range 2 {
			time.Sleep(severalStalls)
			line, err := buf.ReadString('\n')
			if err != nil {
				t.Errorf("read: %v", err)
			}
			if _, err := io.WriteString(conn, line); err != nil {
				t.Errorf("write: %v", err)
			}
		}
		return nil
	}), withShortTimeouts)
	c := dial(t, ts)
	c.send(get)
	for range 2 {
		time.Sleep(severalStalls)
		c.send("hello\n")
		if line, err := c.in.ReadString('\n'); err != nil || line != "hello\n" {
			t.Fatalf("got %q, %v, want the line back", line, err)
		}
	}
}

// net/http waits for half a second before it closes a connection whose client is still
// sending, since many clients lose the answer when the connection is reset.
func TestAnEarlyAnswerReachesAClientThatIsStillSending(t *testing.T) {
	t.Parallel()
	ts := startServer(t, DefaultDeadlines.Wrap(Handle(func(w http.ResponseWriter, r *http.Request) error {
		_, err := testBodies.ReadObject(w, r, "sender")
		return err
	}, writeTestError)))
	c := dial(t, ts)
	c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 67108864\r\n\r\n" +
		strings.Repeat("x", 512<<10)) // fits the buffers on the way, and is never read
	c.wantStatus(http.StatusRequestEntityTooLarge)
	if _, err := c.in.ReadByte(); err != io.EOF {
		t.Errorf("got %v after the answer, want EOF and no reset", err)
	}
}

// fakeConn is a ResponseWriter that counts how often its deadlines are set.
type fakeConn struct {
	http.ResponseWriter
	reads, writes int
}

func (f *fakeConn) SetReadDeadline(time.Time) error  { f.reads++; return nil }
func (f *fakeConn) SetWriteDeadline(time.Time) error { f.writes++; return nil }

func (f *fakeConn) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }

// wantNoMore fails when act sets a deadline.
func (f *fakeConn) wantNoMore(t *testing.T, act func()) {
	t.Helper()
	reads, writes := f.reads, f.writes
	if reads == 0 || writes == 0 {
		t.Errorf("got %d read and %d write deadlines before, want some", reads, writes)
	}
	act()
	if f.reads != reads || f.writes != writes {
		t.Errorf("got %d read and %d write deadlines more, want none", f.reads-reads, f.writes-writes)
	}
}

func TestOnlyWritesThatMayWaitSetADeadline(t *testing.T) {
	t.Parallel()
	conn := &fakeConn{ResponseWriter: httptest.NewRecorder()}
	brief.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i, want := range []int{0, 0, 1, 2} { // net/http keeps the first two in memory
			if _, _ = w.Write(make([]byte, 1<<10)); conn.writes != want {
				t.Errorf("got %d write deadlines after %d KiB, want %d", conn.writes, i+1, want)
			}
		}
		conn.writes = 0
	})).ServeHTTP(conn, httptest.NewRequest(http.MethodGet, "/", nil))
	if conn.writes != 1 {
		t.Errorf("got %d write deadlines when the handler had ended, want 1", conn.writes)
	}
}

func TestNoDeadlineIsSetOnAConnectionAfterTheHandler(t *testing.T) {
	t.Parallel()
	conn := &fakeConn{ResponseWriter: httptest.NewRecorder()}
	var left io.Reader // an http.Transport may still have it
	brief.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		left = r.Body
		_, _ = left.Read(make([]byte, 1))
	})).ServeHTTP(conn, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("hello")))
	conn.wantNoMore(t, func() { _, _ = io.ReadAll(left) })
}

func TestNoDeadlineIsSetOnAConnectionThatWasHijacked(t *testing.T) {
	t.Parallel()
	conn := &fakeConn{ResponseWriter: httptest.NewRecorder()}
	brief.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = r.Body.Read(make([]byte, 1))
		_, _ = w.Write([]byte("hello"))
		_, _, _ = http.NewResponseController(w).Hijack()
		conn.wantNoMore(t, func() {
			_, _ = io.ReadAll(r.Body)
			_, _ = w.Write([]byte("hello"))
		})
	})).ServeHTTP(conn, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("hello")))
}

// After EOF the server watches the connection; a deadline would end the request.
func TestNoDeadlineIsSetAfterTheEndOfTheBody(t *testing.T) {
	t.Parallel()
	conn := &fakeConn{ResponseWriter: httptest.NewRecorder()}
	brief.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte("hello"))
		conn.wantNoMore(t, func() {
			if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("got %d, %v, want EOF again", n, err)
			}
		})
	})).ServeHTTP(conn, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("hello")))
}

func TestWithoutAConnectionNothingIsBounded(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	brief.Wrap(http.HandlerFunc(func(inner http.ResponseWriter, _ *http.Request) {
		if inner != http.ResponseWriter(w) {
			t.Error("got a wrapped writer, want the one below")
		}
	})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("hello")))
}
