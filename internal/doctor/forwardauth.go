package doctor

import (
	"context"
	"net"
	"net/netip"

	"vestibule/internal/web"
)

// forwardAuth checks who can reach FORWARD_AUTH_ADDR, as far as this machine knows, and whether
// the clients of the proxy that asks there can be told apart.
func (in *Installation) forwardAuth(ctx context.Context) (found []Result) {
	const setting = "FORWARD_AUTH_ADDR"
	host, _, _ := net.SplitHostPort(in.Settings.ForwardAuthAddr)
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
			found = append(found, warning(setting, "listens at "+public.String()+", an address of the internet, and its answers have tokens",
				"use a loopback host or a private address, or let a firewall admit only the proxy that asks")...)
			break
		}
	}
	if len(in.Settings.BFF.TrustedProxies) == 0 {
		found = append(found, warning("TRUSTED_PROXIES", "is not set, so all clients of the proxy that asks at FORWARD_AUTH_ADDR count as one",
			"list the address of that proxy")...)
	}
	return orElse(found, "%s is not at an address of the internet", in.Settings.ForwardAuthAddr)
}
