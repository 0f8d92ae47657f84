package doctor

import (
	"context"
	"net/netip"
	"slices"

	"vestibule/store"
)

// A proxy that does not name its clients shows in the addresses of the latest sign-ins.
const (
	latestSignIns = 50
	enoughUsers   = 3 // of one or two, the address may really be that of the proxy's machine
)

// clients checks that the clients of the proxy in front can be told apart. Vestibule speaks no
// TLS, so with https there is a proxy.
func (in *Installation) clients(ctx context.Context) []Result {
	if len(in.Settings.BFF.TrustedProxies) == 0 {
		return warning("TRUSTED_PROXIES", "is not set, and BASE_URL is https: all clients have the address of the proxy that terminates TLS, so the wrong passwords of one block all",
			"list the address of that proxy")
	}
	return in.needsSchema(in.signIns)(ctx)
}

func (in *Installation) signIns(ctx context.Context, st *store.Store) []Result {
	events, err := st.Events(ctx, store.EventFilter{Type: store.EventSignIn}, latestSignIns)
	if err != nil {
		return in.refused(ctx, st, err)
	}
	users := map[string]bool{}
	for _, e := range events {
		if !in.ofProxy(e.IPAddress) {
			return ok("the proxy in front names its clients")
		}
		users[e.UserID] = true
	}
	if len(users) < enoughUsers {
		return ok("TRUSTED_PROXIES is set; too few have signed in to say more")
	}
	return warning("TRUSTED_PROXIES", "names the address of all the latest sign-ins: the proxy there sends no X-Forwarded-For, so all its clients count as one",
		"let it set X-Forwarded-For to the address of its client (docs/deploy.md)")
}

func (in *Installation) ofProxy(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(in.Settings.BFF.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}
