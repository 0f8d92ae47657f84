package web

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"

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
