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

// errDisplaced is why a connection is closed for another's.
var errDisplaced = errors.New("others have fewer connections")

// maxRefusedLingers bounds the refused connections that get a moment to read why.
const maxRefusedLingers = 64

// refuse answers a connection that there is no place for. A few at a time get a moment to
// read it: to close at once would reset a connection whose request has come already.
func (l *boundListener) refuse(conn net.Conn, why error) {
	status, text := "503 Service Unavailable", "Too many connections at the moment. Please try again.\n"
	if errors.Is(why, fair.ErrKey) {
		status, text = "429 Too Many Requests", "Too many connections from your address. Please close some.\n"
	}
	l.tell(conn, why)
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	// Few bytes on a new connection: this does not wait for the client.
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
			_, _ = io.Copy(io.Discard, conn) // for a second at most
		}()
	default:
		_ = conn.Close()
	}
}

// tell writes a line to the log now and then: a flood must not become one there.
func (l *boundListener) tell(conn net.Conn, why error) {
	n := l.refused.due(time.Now())
	if n == 0 || l.bounds.Log == nil {
		return
	}
	c := l.bounds
	attrs := []any{"surface", c.Surface, "since_last", n, "limit", c.All}
	problem, setting := "connections are refused: there are as many as may be", c.AllSetting
	if errors.Is(why, errDisplaced) {
		problem = "there are as many connections as may be: for each that comes, one is closed of the network that has the most"
	}
	if errors.Is(why, fair.ErrKey) {
		problem, setting = "connections are refused: one address has as many as it may; if it is your proxy, list it in TRUSTED_PROXIES", c.OneSetting
		peer, _ := connAddr(conn)
		attrs[5] = c.PerAddress
		attrs = append(attrs, "address", peer.String())
	}
	if setting != "" {
		attrs = append(attrs, "setting", setting)
	}
	c.Log.Warn(problem, attrs...)
}

// told counts what happens, and says when it is time to tell of it again.
type told struct {
	mu    sync.Mutex
	n     int
	again time.Time
}

// due counts one more, and returns how many there were since the last line when another
// is due, else 0.
func (t *told) due(now time.Time) int {
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
