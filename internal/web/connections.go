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
// for all alone, and its clients to that of ClientIPs.Bound.
//
// Where all are taken, whoever has fewer than the average takes the place of one of the
// network that has the most. So a few addresses keep nobody out.
type Connections struct {
	All        int // 0: as many as come
	PerAddress int // an IPv4 address, or a /64 of IPv6; more than 0. A /48 has half of all
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
		each:     newAddressRooms(c.All, c.PerAddress),
		held:     map[string]map[*boundConn]struct{}{},
		lingers:  make(chan struct{}, maxRefusedLingers),
	}
}

// errDisplaced is why a connection is closed for another's.
var errDisplaced = errors.New("others have fewer connections")

// maxRefusedLingers bounds the refused connections that get a moment to read why.
const maxRefusedLingers = 64

type boundListener struct {
	net.Listener
	bounds  Connections
	all     *fair.Room
	each    addressRooms
	lingers chan struct{}
	refused told

	mu    sync.Mutex
	held  map[string]map[*boundConn]struct{} // by network, but those of proxies
	count int                                // of held
}

// Accept returns the next connection that there is a place for.
func (l *boundListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		bound, err := l.enter(conn)
		if err == nil {
			return bound, nil
		}
		l.refuse(conn, err)
	}
}

func (l *boundListener) enter(conn net.Conn) (*boundConn, error) {
	peer, ok := connAddr(conn)
	many := !ok || slices.ContainsFunc(l.bounds.Proxies, func(p netip.Prefix) bool { return p.Contains(peer) })
	own := func() {}
	if !many {
		var err error
		if own, err = l.each.enter(context.Background(), peer); err != nil {
			return nil, fair.ErrKey
		}
	}
	everybody, err := l.all.Enter(context.Background(), "", 1)
	if err != nil && !many && l.makeRoom(networkOf(peer)) {
		everybody, err = l.all.Enter(context.Background(), "", 1)
	}
	if err != nil {
		own()
		return nil, fair.ErrAll
	}
	c := &boundConn{Conn: conn}
	if many {
		c.leave = everybody
		return c, nil
	}
	network := networkOf(peer)
	l.hold(network, c)
	c.leave = sync.OnceFunc(func() {
		l.release(network, c)
		own()
		everybody()
	})
	return c, nil
}

func (l *boundListener) hold(network string, c *boundConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[network] == nil {
		l.held[network] = map[*boundConn]struct{}{}
	}
	l.held[network][c] = struct{}{}
	l.count++
}

func (l *boundListener) release(network string, c *boundConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held[network], c)
	if len(l.held[network]) == 0 {
		delete(l.held, network)
	}
	l.count--
}

// makeRoom closes a connection of the network that has the most, for one that has fewer
// than the average. Which of them, chance decides, so that nobody can see to it that it
// is another's.
func (l *boundListener) makeRoom(network string) bool {
	l.mu.Lock()
	if (len(l.held[network])+1)*len(l.held) >= l.count {
		l.mu.Unlock()
		return false
	}
	var most map[*boundConn]struct{}
	for _, held := range l.held {
		if len(held) > len(most) {
			most = held
		}
	}
	var last *boundConn
	for last = range most {
		break
	}
	l.mu.Unlock()
	l.tell(last, errDisplaced)
	_ = last.Close()
	return true
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
