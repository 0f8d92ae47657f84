package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	realclientip "github.com/realclientip/realclientip-go"
)

// ClientIPs finds the address of the client. It reads X-Forwarded-For only when the sender
// is a trusted proxy, and from right to left. The client itself may have written everything
// to the left of the first untrusted address.
type ClientIPs struct {
	trusted []netip.Prefix
	forward realclientip.RightmostTrustedRangeStrategy
}

// NewClientIPs trusts the given proxies. Without any it ignores the header.
func NewClientIPs(trusted []netip.Prefix) (*ClientIPs, error) {
	c := &ClientIPs{trusted: make([]netip.Prefix, 0, len(trusted))}
	ranges := make([]net.IPNet, 0, len(trusted))
	for _, p := range trusted {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96) // addresses of peers are unmapped too
		}
		c.trusted = append(c.trusted, p)
		ranges = append(ranges, net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())})
	}
	var err error
	c.forward, err = realclientip.NewRightmostTrustedRangeStrategy("X-Forwarded-For", ranges)
	if err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	return c, nil
}

// sender is where a request comes from.
type sender struct {
	by     *ClientIPs // who found it
	proxy  bool       // it came from a trusted proxy
	client string     // see Of
}

// sender returns what is found at most once for a request: RequestLog keeps it.
func (c *ClientIPs) sender(r *http.Request) sender {
	if rec := recordOf(r); rec != nil && rec.sender.by == c {
		return rec.sender
	}
	return c.find(r)
}

// find looks for the client of r, also for a nil c, which trusts no proxy.
func (c *ClientIPs) find(r *http.Request) sender {
	peer, ok := peerAddr(r)
	if !ok {
		return sender{by: c}
	}
	proxy := c != nil && c.trusts(peer)
	if proxy {
		if ip, err := netip.ParseAddr(c.forward.ClientIP(nearest(r.Header), r.RemoteAddr)); err == nil {
			return sender{c, proxy, ip.Unmap().WithZone("").String()}
		}
	}
	return sender{c, proxy, peer.String()}
}

// FromProxy says whether r was sent by a trusted proxy.
func (c *ClientIPs) FromProxy(r *http.Request) bool { return c.sender(r).proxy }

func (c *ClientIPs) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(c.trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Of returns the client's address without port and zone. It is "" when the connection has
// none (a Unix socket).
func (c *ClientIPs) Of(r *http.Request) string { return c.sender(r).client }

// NetworkKey returns the /48 of an IPv6 address. One customer can have a /48, with 65 536
// networks of the size /64. It is "" for any other address.
func NetworkKey(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Unmap().Is4() {
		return ""
	}
	network, err := addr.Prefix(48) // without a zone
	if err != nil {
		return ""
	}
	return network.String()
}

// maxProxies bounds the addresses of X-Forwarded-For that we look at, from the right. A
// client may send thousands, and each request looks up its client several times. No real
// chain of trusted proxies is this long.
const maxProxies = 30

// nearest returns a header with only the last addresses of X-Forwarded-For.
func nearest(h http.Header) http.Header {
	var near []string
	lines := h["X-Forwarded-For"]
	for left := maxProxies; left > 0 && len(lines) > 0; lines = lines[:len(lines)-1] {
		line := lines[len(lines)-1]
		start := len(line)
		for ; left > 0 && start >= 0; left-- {
			start = strings.LastIndexByte(line[:start], ',')
		}
		near = append(near, line[start+1:])
	}
	slices.Reverse(near)
	return http.Header{"X-Forwarded-For": near}
}

func peerAddr(r *http.Request) (netip.Addr, bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	return peer.Addr().Unmap().WithZone(""), true
}

// ClientKey returns what counts as one client: an IPv4 address, or the /64 that a provider
// gives to one IPv6 customer. All clients without an address count as one.
func ClientKey(ip string) string {
	addr, err := netip.ParseAddr(ip)
	switch {
	case err != nil:
		return "unknown"
	case addr.Is4():
		return ip // an IPv4 address has only one spelling
	}
	return clientKey(addr)
}

func clientKey(addr netip.Addr) string {
	addr = addr.Unmap() // a prefix has no zone
	if addr.Is4() {
		return addr.String()
	}
	network, err := addr.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return network.String()
}
