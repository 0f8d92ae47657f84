package daemon

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/settings"
)

func TestConnectionLimitsOfEachListener(t *testing.T) {
	usual := mustLoad(t, settings.ForServe, nil).MaxConnections
	proxies := settings.Environment{"TRUSTED_PROXIES": "10.0.0.0/8"}
	for name, tt := range map[string]struct {
		env            settings.Environment
		bffAll, bffOne int
		apiAll, apiOne int
		proxies        int
	}{
		"nothing is set":     {proxies, usual, usual / 5, usual, usual / 2, 1},
		"the total is set":   {settings.Environment{"MAX_CONNECTIONS": "1000"}, 1000, 200, 1000, 500, 0},
		"the address is set": {settings.Environment{"MAX_CONNECTIONS_PER_ADDRESS": "50"}, usual, 50, usual, usual / 2, 0},
		"both are set":       {settings.Environment{"MAX_CONNECTIONS": "1000", "MAX_CONNECTIONS_PER_ADDRESS": "1000"}, 1000, 1000, 1000, 500, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, settings.ForServe, tt.env)
			bff, api, admin := connectionBounds(c, "bff"), connectionBounds(c, "api"), connectionBounds(c, "admin")
			if auth := connectionBounds(c, "forward-auth"); auth.All != tt.bffAll || auth.PerAddress != auth.All || len(auth.Proxies) != tt.proxies {
				t.Errorf("forward auth: got %+v, want all connections for one proxy", auth)
			}
			got := []int{bff.All, bff.PerAddress, api.All, api.PerAddress, len(bff.Proxies), len(api.Proxies), admin.All, admin.PerAddress}
			want := []int{tt.bffAll, tt.bffOne, tt.apiAll, tt.apiOne, tt.proxies, tt.proxies, adminConnections, adminConnections}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if c.BFF.MaxConnections != tt.bffAll || c.BFF.MaxConnectionsPerAddress != tt.bffOne {
				t.Errorf("through proxies: got %d and %d, want the same limits", c.BFF.MaxConnections, c.BFF.MaxConnectionsPerAddress)
			}
		})
	}
	if got := connectionBounds(mustLoad(t, settings.ForAPI, with(proxies, settings.Environment{"MAX_CONNECTIONS": "1000", "BETTER_AUTH_SECRET": goodSecret})), "api"); got.All != 1000 || got.PerAddress != 500 ||
		cmp.Diff([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, got.Proxies, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })) != "" {
		t.Errorf("vestibule api: got %+v", got)
	}
}
