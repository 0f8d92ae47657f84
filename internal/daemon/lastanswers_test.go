package daemon

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

const unknown = -1 // length

// streaming starts a server whose answer has begun before the stop, and returns the client's
// connection. The rest of the answer, which has this length or an unknown one, is sent when end is
// called.
func streaming(t *testing.T, length int, prepared func(*server)) (s *server, conn net.Conn, answer *http.Response, end func()) {
	t.Helper()
	s = stoppable(t)
	s.bounds.All, s.bounds.PerAddress = 10, 10 // as by default, so that connections are wrapped as they are then
	ends := make(chan struct{})
	s.prepare(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text := "the end"
		if length != unknown {
			text = strings.Repeat("x", length)
			w.Header().Set("Content-Length", strconv.Itoa(length))
		}
		_ = http.NewResponseController(w).Flush()
		<-ends
		_, _ = io.WriteString(w, text)
	}), time.Minute, discard)
	prepared(s)
	_, ended := serveAndStop(s)
	t.Cleanup(func() {
		_ = s.http.Close()
		waittest.Receive(t, "the end of serve", ended)
	})
	conn = ask(t, s)
	_ = conn.SetDeadline(time.Now().Add(waittest.Patience))
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Close {
		t.Fatal("the answer asks to close the connection: it does not show what happens without that")
	}
	return s, conn, answer, func() { close(ends) }
}

// TestAnAnswerThatBeganBeforeTheStopEndsItsConnection: it could not ask its client to close it.
// Otherwise the client sends the next request on it, perhaps just when Shutdown closes it.
func TestAnAnswerThatBeganBeforeTheStopEndsItsConnection(t *testing.T) {
	t.Parallel()
	s, conn, answer, end := streaming(t, unknown, func(*server) {})
	(&process{log: discard, admin: &admin{log: discard}}).leave([]*server{s})
	end()
	if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "the end" {
		t.Errorf("got %q, %v, want the whole answer", text, err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("got %d bytes, %v after the answer, want the end of the connection", n, err)
	}
}

// TestAnAnswerKeepsItsConnectionUntilTheListenersClose: while they are open, the next request on
// it is answered, and that answer asks to close it.
func TestAnAnswerKeepsItsConnectionUntilTheListenersClose(t *testing.T) {
	t.Parallel()
	s, conn, answer, end := streaming(t, unknown, func(*server) {})
	s.leaving.Store(true)
	end()
	if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "the end" {
		t.Errorf("got %q, %v, want the whole answer", text, err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil { // it does not ask for that itself
		t.Fatal(err)
	}
	next, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("got %v, want an answer", err)
	}
	_ = next.Body.Close()
	if !next.Close {
		t.Error("the next answer does not ask to close the connection")
	}
}

func TestConnectionsThatHaveEndedAreForgotten(t *testing.T) {
	t.Parallel()
	s, conn, _, end := streaming(t, unknown, func(*server) {})
	open := func() int {
		s.last.mu.Lock()
		defer s.last.mu.Unlock()
		return len(s.last.conns)
	}
	if n := open(); n != 1 {
		t.Errorf("got %d open connections, want one", n)
	}
	end()
	_ = conn.Close()
	waittest.Until(t, "the connection is forgotten", func() bool { return open() == 0 })
}
