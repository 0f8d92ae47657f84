package daemon

import (
	"vestibule/internal/settings"
	"vestibule/internal/web"
)

const (
	// The API's clients are services, a separate BFF among them, which carries all
	// users from one address: half.
	serviceShare = 2
	// The admin listener answers a few probes.
	adminConnections = 100
)

// connectionBounds are those of the connections that a surface accepts.
func connectionBounds(c *settings.Settings, surface string) web.Connections {
	b := web.Connections{Surface: surface, Proxies: c.BFF.TrustedProxies, All: c.Connections, AllSetting: "MAX_CONNECTIONS"}
	switch surface {
	case "bff":
		b.PerAddress, b.OneSetting = c.ConnectionsOne, "MAX_CONNECTIONS_PER_ADDRESS"
	case "api":
		b.PerAddress, b.OneSetting = c.Connections/serviceShare, "MAX_CONNECTIONS"
	default:
		b = web.Connections{Surface: surface, All: adminConnections, PerAddress: adminConnections}
	}
	return b
}
