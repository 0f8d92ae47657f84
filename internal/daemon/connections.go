package daemon

import (
	"vestibule/internal/settings"
	"vestibule/internal/web"
)

const (
	// One address may hold half of the API's connections. The clients of the API are
	// services. A separate BFF, for example, sends the requests of all users from one
	// address.
	serviceShare = 2
	// The admin server answers only a few probes.
	adminConnections = 100
)

// connectionBounds returns the limits of the connections that a surface accepts.
func connectionBounds(c *settings.Settings, surface string) web.Connections {
	b := web.Connections{Surface: surface, Proxies: c.BFF.TrustedProxies, All: c.MaxConnections, AllSetting: "MAX_CONNECTIONS"}
	switch surface {
	case "bff":
		b.PerAddress, b.OneSetting = c.MaxConnectionsPerAddress, "MAX_CONNECTIONS_PER_ADDRESS"
	case "forward-auth":
		b.PerAddress = c.MaxConnections // all of them may belong to one proxy
	case "api":
		b.PerAddress, b.OneSetting = c.MaxConnections/serviceShare, "MAX_CONNECTIONS"
	default:
		b = web.Connections{Surface: surface, All: adminConnections, PerAddress: adminConnections}
	}
	return b
}
