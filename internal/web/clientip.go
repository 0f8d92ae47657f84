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

// ClientIPs finds the address that a request comes from. X-Forwarded-For is
// read only when the sender itself is a trusted proxy, and from right to left:
// everything left of the first address that we do not trust was written by
// whoever wanted us to read it.
type ClientIPs struct {
	trusted []netip.Prefix
	forward realclientip.RightmostTrustedRangeStrategy
}

// NewClientIPs trusts the given proxies; with none it believes no header.
func NewClientIPs(trusted []netip.Prefix) (*ClientIPs, error) {
	c := &ClientIPs{trusted: make([]netip.Prefix, 0, len(trusted))}
	ranges := make([]net.IPNet, 0, len(trusted))
	for _, p := range trusted {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96) // peers are unmapped too
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

// FromProxy says whether r was sent by a trusted proxy.
func (c *ClientIPs) FromProxy(r *http.Request) bool {
	peer, ok := peerAddr(r)
	return ok && c.trusts(peer)
}

func (c *ClientIPs) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(c.trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Of returns the client's address without a port or zone, or "" when the
// connection has none (a Unix socket).
func (c *ClientIPs) Of(r *http.Request) string {
	peer, ok := peerAddr(r)
	if !ok {
		return ""
	}
	if c != nil && c.FromProxy(r) {
		if ip, err := netip.ParseAddr(c.forward.ClientIP(nearest(r.Header), r.RemoteAddr)); err == nil {
			return ip.Unmap().WithZone("").String()
		}
	}
	return peer.String()
}

// NetworkKey is the /48 of an IPv6 address, which one customer can have too: 65 536
// clients. It is "" for any other address.
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

// maxProxies bounds the addresses of X-Forwarded-For that are looked at, from the right:
// a client may have sent thousands, and each request is asked for its client several
// times. No chain of proxies that are trusted is as long.
const maxProxies = 30

// nearest returns a header with the last addresses of X-Forwarded-For alone.
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

// ClientKey is what counts as one client: an IPv4 address, or the /64 that a provider
// gives to one customer of IPv6. Whoever has no address counts together with all who
// have none.
func ClientKey(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
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
