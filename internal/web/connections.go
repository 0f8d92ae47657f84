package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"vestibule/internal/fair"
)

// Connections bounds those that a listener keeps open at a time, whatever they do: idle
// ones, those whose header is still to come, and streams. Whoever comes beyond it gets an
// answer that needs no request, and is hung up on.
//
// A proxy is one address with many clients, so one that is trusted is held to the bound
// for all alone.
type Connections struct {
	All        int // 0: as many as come
	PerAddress int // an IPv4 address, or a /64 of IPv6; more than 0
	Proxies    []netip.Prefix

	Log        *slog.Logger
	Surface    string
	AllSetting string // what the log says to raise; "" where there is nothing
	OneSetting string
}

// Bound returns ln with no more connections than that.
func (c Connections) Bound(ln net.Listener) net.Listener {
	if c.All == 0 {
		return ln
	}
	return &boundListener{
		Listener: ln,
		bounds:   c,
		all:      fair.New(fair.Limits{Places: c.All}),
		each:     fair.New(fair.Limits{Places: c.All, PerKey: c.PerAddress}),
		lingers:  make(chan struct{}, maxRefusedLingers),
	}
}

// maxRefusedLingers bounds the refused connections that get a moment to read why.
const maxRefusedLingers = 64

type boundListener struct {
	net.Listener
	bounds    Connections
	all, each *fair.Room
	lingers   chan struct{}
	refused   told
}

// Accept returns the next connection that there is a place for.
func (l *boundListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		leave, err := l.enter(conn)
		if err == nil {
			return &boundConn{Conn: conn, leave: leave}, nil
		}
		l.refuse(conn, err)
	}
}

func (l *boundListener) enter(conn net.Conn) (leave func(), err error) {
	everybody, err := l.all.Enter(context.Background(), "", 1)
	if err != nil {
		return nil, fair.ErrAll
	}
	peer, ok := connAddr(conn)
	if !ok || slices.ContainsFunc(l.bounds.Proxies, func(p netip.Prefix) bool { return p.Contains(peer) }) {
		return everybody, nil
	}
	own, err := l.each.Enter(context.Background(), clientKey(peer), 1)
	if err != nil {
		everybody()
		return nil, fair.ErrKey
	}
	return func() { own(); everybody() }, nil
}

// connAddr is the address of the other side, if that is one of the network.
func connAddr(conn net.Conn) (netip.Addr, bool) {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	return tcp.AddrPort().Addr().Unmap().WithZone(""), true
}

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

// boundConn gives its place back when it is closed.
type boundConn struct {
	net.Conn
	leave func() // may be called twice
}

func (c *boundConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite closes our side alone, where that is possible.
func (c *boundConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SetLinger is what a connection that is reset needs.
func (c *boundConn) SetLinger(sec int) error {
	if tcp, ok := c.Conn.(interface{ SetLinger(sec int) error }); ok {
		return tcp.SetLinger(sec)
	}
	return errors.ErrUnsupported
}
