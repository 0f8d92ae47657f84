package daemon

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// streaming starts a server whose answer has begun before the stop, and returns the client's
// connection. The answer ends when end is called.
func streaming(t *testing.T, prepared func(*server)) (s *server, conn net.Conn, answer *http.Response, end func()) {
	t.Helper()
	s = stoppable(t)
	ends := make(chan struct{})
	s.prepare(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-ends
		_, _ = io.WriteString(w, "the end")
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
	s, conn, answer, end := streaming(t, func(*server) {})
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
	s, conn, answer, end := streaming(t, func(*server) {})
	s.leaving.Store(true)
	end()
	if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "the end" {
		t.Errorf("got %q, %v, want the whole answer", text, err)
	}
	sendRequest(t, conn)
	next, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("got %v, want an answer", err)
	}
	_ = next.Body.Close()
	if !next.Close {
		t.Error("the next answer does not ask to close the connection")
	}
}
