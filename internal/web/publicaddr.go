package web

import (
	"net"
	"net/netip"
)

// PublicAddr returns an address of the internet at which a listener at this address can be
// reached, as far as this machine knows. A listener at an unspecified address (0.0.0.0, ::)
// listens at all addresses of the machine.
func PublicAddr(listens netip.Addr) (netip.Addr, bool) {
	return publicAddr(listens, net.InterfaceAddrs)
}

// sharedSpace is for networks behind a carrier's NAT, and used by overlay networks (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

func publicAddr(listens netip.Addr, interfaces func() ([]net.Addr, error)) (netip.Addr, bool) {
	all := []netip.Addr{listens}
	if listens.IsUnspecified() {
		all = nil
		own, _ := interfaces() // without them, nothing is known
		for _, a := range own {
			if p, err := netip.ParsePrefix(a.String()); err == nil && (listens.Is6() || p.Addr().Is4()) {
				all = append(all, p.Addr())
			}
		}
	}
	for _, ip := range all {
		ip = ip.Unmap().WithZone("")
		if ip.IsGlobalUnicast() && !ip.IsPrivate() && !sharedSpace.Contains(ip) {
			return ip, true
		}
	}
	return netip.Addr{}, false
}
