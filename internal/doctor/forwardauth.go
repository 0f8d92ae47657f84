package doctor

import (
	"context"
	"net"
	"net/netip"

	"vestibule/internal/web"
)

// forwardAuth checks who can reach FORWARD_AUTH_ADDR, as far as this machine knows, and whether
// the clients of the proxy that asks there can be told apart.
func (in *Installation) forwardAuth(ctx context.Context) []Result {
	found := whoReaches(ctx, "FORWARD_AUTH_ADDR", in.Settings.ForwardAuthAddr, "its answers have tokens", "the proxy that asks")
	if len(in.Settings.BFF.TrustedProxies) == 0 {
		found = append(found, warning("TRUSTED_PROXIES", "is not set, so all clients of the proxy that asks at FORWARD_AUTH_ADDR count as one",
			"list the address of that proxy")...)
	}
	return orElse(found, "%s is not at an address of the internet", in.Settings.ForwardAuthAddr)
}

// admin checks who can reach ADMIN_ADDR, as far as this machine knows.
func (in *Installation) admin(ctx context.Context) []Result {
	found := whoReaches(ctx, "ADMIN_ADDR", in.Settings.AdminAddr, "it shows metrics to anybody", "Prometheus and probes")
	return orElse(found, "%s is not at an address of the internet", in.Settings.AdminAddr)
}

// whoReaches finds that the address of a setting is one of the internet.
func whoReaches(ctx context.Context, setting, address, risk, admit string) []Result {
	host, _, _ := net.SplitHostPort(address)
	addresses := []netip.Addr{netip.IPv6Unspecified()}
	if host != "" {
		ctx, cancel := context.WithTimeout(ctx, askLimit)
		defer cancel()
		var err error
		if addresses, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host); err != nil {
			return failure(setting, "has a host that is not known ("+reason(err)+")", "use localhost, or an address of this machine")
		}
	}
	for _, ip := range addresses {
		if public, is := web.PublicAddr(ip); is {
			return warning(setting, "listens at "+public.String()+", an address of the internet, and "+risk,
				"use a loopback host or a private address, or let a firewall admit only "+admit)
		}
	}
	return nil
}
