package web

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/fair"
)

// Connections bounds the open connections of a listener, whatever they do: idle ones, ones
// that have not sent their header, and streams. A connection over the bound gets an answer,
// without any request, and is closed.
//
// A proxy is one address with many clients. So for a trusted proxy only All holds, and
// ClientIPs.Bound bounds its clients.
//
// When all places are taken, a new connection may replace another: if its network has fewer
// connections than the average, one connection of the network with the most is closed. So a
// few addresses cannot keep others out.
type Connections struct {
	All        int // 0: unbounded
	PerAddress int // for an IPv4 address or an IPv6 /64; more than 0. A /48 gets half of All
	Proxies    []netip.Prefix

	Log        *slog.Logger
	Surface    string
	AllSetting string // the setting that the log names; "" for none
	OneSetting string

	Metrics prometheus.Registerer // nil: none are registered
}

// Bound returns ln with these bounds.
func (c Connections) Bound(ln net.Listener) net.Listener {
	if c.All == 0 {
		return ln
	}
	l := &boundListener{
		Listener: ln,
		bounds:   c,
		all:      fair.New(fair.Limits{Places: c.All}),
		each:     newAddressRooms(c.All, c.PerAddress),
		held:     map[string]map[*boundConn]struct{}{},
		lingers:  make(chan struct{}, maxRefusedLingers),
	}
	l.all.Measure(c.Metrics, c.Surface, "connections")
	return l
}

type boundListener struct {
	net.Listener
	bounds  Connections
	all     *fair.Room
	each    addressRooms
	lingers chan struct{}
	refused logThrottle

	mu    sync.Mutex
	held  map[string]map[*boundConn]struct{} // by network, without proxies
	count int                                // connections in held
}

// Accept returns the next connection that gets a place.
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

// makeRoom closes a connection of the network with the most, if the given network has fewer
// than the average. The map's random order picks the connection, so no attacker can choose
// whose it is.
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

// connAddr returns the peer's address, for a TCP connection.
func connAddr(conn net.Conn) (netip.Addr, bool) {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	return tcp.AddrPort().Addr().Unmap().WithZone(""), true
}
