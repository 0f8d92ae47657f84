package web

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"vestibule/internal/fair"
)

// errDisplaced means that a connection was closed in favor of another.
var errDisplaced = errors.New("others have fewer connections")

// maxRefusedLingers bounds the refused connections that get a moment to read the reason.
const maxRefusedLingers = 64

// refuse answers a connection that gets no place. A few at a time get a moment to read the
// answer: closing at once would reset a connection that has already sent its request.
func (l *boundListener) refuse(conn net.Conn, why error) {
	status, text := "503 Service Unavailable", "Too many connections at the moment. Please try again.\n"
	if errors.Is(why, fair.ErrKey) {
		status, text = "429 Too Many Requests", "Too many connections from your address. Please close some.\n"
	}
	l.tell(conn, why)
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	// A few bytes on a new connection: this never waits for the client.
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nRetry-After: 2\r\nConnection: close\r\n\r\n%s", status, len(text), text)
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		_ = conn.Close()
		return
	}
	select {
	case l.lingers <- struct{}{}:
		go func() {
			defer func() { <-l.lingers }()
			defer conn.Close()
			_, _ = io.Copy(io.Discard, conn) // at most a second
		}()
	default:
		_ = conn.Close()
	}
}

// tell writes a log line at most once a minute: a flood of connections must not become a
// flood of lines.
func (l *boundListener) tell(conn net.Conn, why error) {
	n := l.refused.due(time.Now())
	if n == 0 || l.bounds.Log == nil {
		return
	}
	c := l.bounds
	attrs := []any{"surface", c.Surface, "since_last", n, "limit", c.All}
	problem, setting := "connections are refused: the limit is reached", c.AllSetting
	if errors.Is(why, errDisplaced) {
		problem = "the limit of connections is reached: each new connection closes one of the network with the most"
	}
	if errors.Is(why, fair.ErrKey) {
		problem, setting = "connections are refused: one address has reached its limit; if it is your proxy, add it to TRUSTED_PROXIES", c.OneSetting
		peer, _ := connAddr(conn)
		attrs[5] = c.PerAddress
		attrs = append(attrs, "address", peer.String())
	}
	if setting != "" {
		attrs = append(attrs, "setting", setting)
	}
	c.Log.Warn(problem, attrs...)
}

// logThrottle counts events, and decides when to log them again.
type logThrottle struct {
	mu    sync.Mutex
	n     int
	again time.Time
}

// due counts one event. It returns the number of events since the last line if a new line
// is due, else 0.
func (t *logThrottle) due(now time.Time) int {
	const pause = time.Minute
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	if now.Before(t.again) {
		return 0
	}
	n := t.n
	t.n, t.again = 0, now.Add(pause)
	return n
}
