package web

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

func TestPublicAddr(t *testing.T) {
	t.Parallel()
	machine := func(networks ...string) func() ([]net.Addr, error) {
		return func() (own []net.Addr, err error) {
			for _, network := range networks {
				ip, n, err := net.ParseCIDR(network)
				if err != nil {
					return nil, err
				}
				own = append(own, &net.IPNet{IP: ip, Mask: n.Mask})
			}
			return own, nil
		}
	}
	inside := machine("127.0.0.1/8", "10.244.1.7/24", "172.17.0.1/16", "192.168.1.9/24", "169.254.3.4/16", "100.101.1.2/32", "::1/128", "fe80::1/64", "fd00::7/64")
	mixed := machine("127.0.0.1/8", "10.0.0.7/24", "198.51.100.7/24", "2001:db8::7/64")
	onlySix := machine("127.0.0.1/8", "2001:db8::7/64")
	broken := func() ([]net.Addr, error) { return nil, errors.New("no interfaces") }
	for _, tt := range []struct {
		listens    string
		interfaces func() ([]net.Addr, error)
		want       string // "": none
	}{
		{"127.0.0.1", mixed, ""},
		{"::1", mixed, ""},
		{"10.0.0.7", mixed, ""},
		{"192.168.1.9", mixed, ""},
		{"100.101.1.2", mixed, ""},
		{"fd00::7", mixed, ""},
		{"fe80::1%eth0", mixed, ""},
		{"198.51.100.7", inside, "198.51.100.7"},
		{"::ffff:198.51.100.7", inside, "198.51.100.7"},
		{"2001:db8::7", inside, "2001:db8::7"},
		{"0.0.0.0", inside, ""},
		{"::", inside, ""},
		{"0.0.0.0", mixed, "198.51.100.7"},
		{"::", mixed, "198.51.100.7"},
		{"0.0.0.0", onlySix, ""},
		{"::", onlySix, "2001:db8::7"},
		{"::", broken, ""},
	} {
		ip, is := publicAddr(netip.MustParseAddr(tt.listens), tt.interfaces)
		if got := ip.String(); is != (tt.want != "") || is && got != tt.want {
			t.Errorf("%s: got %s, %t, want %q", tt.listens, got, is, tt.want)
		}
	}
}
