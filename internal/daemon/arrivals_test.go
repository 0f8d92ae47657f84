package daemon

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// stoppable is a server whose stop waits for new connections as long as a test may take.
func stoppable(t *testing.T) *server {
	t.Helper()
	s, err := listen(t.Context(), "bff", "X_ADDR", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.prepare(t.Context(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), time.Minute, discard)
	s.socket.patience, s.arrivals.patience, s.arrivals.young = waittest.Patience, waittest.Patience, waittest.Patience
	return s
}

// serveAndStop starts s. The stop begins when stop is called. ended gets the error of serve.
func serveAndStop(s *server) (stop func(), ended chan error) {
	ended = make(chan error, 1)
	go func() { ended <- s.serve() }()
	return func() { (&process{drain: waittest.Patience, log: discard}).drainRequests([]*server{s}) }, ended
}

func ask(t *testing.T, s *server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func sendRequest(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

func wantAnswer(t *testing.T, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(waittest.Patience))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("got %v, want an answer", err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("got %s, want 200", res.Status)
	}
}

// lateListener hands each connection on when the test lets it.
type lateListener struct {
	net.Listener
	accepted, goes chan struct{}
}

func (l lateListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.accepted <- struct{}{}
		<-l.goes
	}
	return c, err
}

// TestAConnectionOnItsWayFromAcceptIsServed: the kernel has handed it out, and http.Server
// does not know of it yet.
func TestAConnectionOnItsWayFromAcceptIsServed(t *testing.T) {
	t.Parallel()
	s := stoppable(t)
	late := lateListener{s.accepts, make(chan struct{}), make(chan struct{})}
	s.accepts = late
	stop, ended := serveAndStop(s)
	conn := ask(t, s)
	sendRequest(t, conn)
	waittest.Receive(t, "the connection", late.accepted)
	time.AfterFunc(100*time.Millisecond, func() { close(late.goes) }) // a Shutdown would be over
	stop()
	wantAnswer(t, conn)
	if err := waittest.Receive(t, "the end of serve", ended); err != nil {
		t.Error(err)
	}
}

// waiting reports whether a connection waits for its first request.
func waiting(s *server) bool { return s.arrivals.expects(time.Now()) }

// TestAFirstRequestThatIsReadDuringTheStopIsServed: without the wait for it, http.Server
// closes the connection and answers nothing. New clients are refused meanwhile.
func TestAFirstRequestThatIsReadDuringTheStopIsServed(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]func(*arrivals){
		"a young connection":     func(a *arrivals) { a.patience = 0 },
		"an old one, in a hurry": func(a *arrivals) { a.young = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stoppable(t)
			forget(&s.arrivals)
			stop, ended := serveAndStop(s)
			conn := ask(t, s)
			waittest.Until(t, "the connection is accepted", func() bool { return waiting(s) })
			stopped := make(chan struct{})
			go func() {
				stop()
				close(stopped)
			}()
			waittest.Receive(t, "the end of Accept", s.socket.ended)
			if _, err := net.DialTimeout("tcp", s.addr().String(), waittest.Patience); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("got %v for a new connection, want it refused", err)
			}
			time.Sleep(50 * time.Millisecond) // a Shutdown would have begun
			sendRequest(t, conn)
			wantAnswer(t, conn)
			waittest.Receive(t, "the end of the stop", stopped)
			if err := waittest.Receive(t, "the end of serve", ended); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAConnectionWithoutARequestHoldsNoStop: browsers open some in advance.
func TestAConnectionWithoutARequestHoldsNoStop(t *testing.T) {
	t.Parallel()
	s := stoppable(t)
	stop, ended := serveAndStop(s)
	closes := ask(t, s)
	waittest.Until(t, "the connection is accepted", func() bool { return waiting(s) })
	_ = closes.Close()
	waittest.Until(t, "a closed connection is forgotten", func() bool { return !waiting(s) })
	stays := ask(t, s)
	waittest.Until(t, "the connection is accepted", func() bool { return waiting(s) })
	over, cancel := context.WithCancel(t.Context())
	cancel()
	s.arrivals.wait(over)
	s.arrivals.patience, s.arrivals.young = time.Millisecond, time.Millisecond
	s.acceptLast(t.Context())
	_ = stays.Close()
	stop()
	if err := waittest.Receive(t, "the end of serve", ended); err != nil {
		t.Error(err)
	}
}

// TestAStopThatEndsItsListenerReportsNoFault: http.Server closes the socket a second time.
func TestAStopThatEndsItsListenerReportsNoFault(t *testing.T) {
	t.Parallel()
	s := stoppable(t)
	_, ended := serveAndStop(s)
	conn := ask(t, s)
	sendRequest(t, conn)
	wantAnswer(t, conn)
	log := &logBuffer{}
	(&process{drain: waittest.Patience, log: slog.New(slog.NewTextHandler(log, nil))}).drainRequests([]*server{s})
	if got := log.String(); got != "" {
		t.Errorf("got %q in the log of a stop without requests", got)
	}
	if err := waittest.Receive(t, "the end of serve", ended); err != nil {
		t.Error(err)
	}
}
