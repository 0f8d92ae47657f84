package main

import (
	"vestibule/internal/web"
)

// The bounds of connections. One address may have a fifth of the BFF's, so that nobody
// alone keeps others out, and a proxy that nobody has listed in TRUSTED_PROXIES still
// serves many. The API's clients are services, a separate BFF among them, which carries
// all users from one address: half. The admin listener answers a few probes.
const (
	maxConnections     = 1_000_000
	usualConnections   = 10_000
	partOfOneAddress   = 5
	partOfOneService   = 2
	adminConnections   = 100
	descriptorsForEach = 2 // a proxied request has one to a separate API
)

// connectionLimits settles how many connections there may be.
func (c *checker) connectionLimits() {
	if c.sound("MAX_CONNECTIONS") && !c.given("MAX_CONNECTIONS") {
		c.connections = usualConnections
		if files := openFiles(); files > 0 {
			c.connections = max(100, min(usualConnections, files/descriptorsForEach))
		}
	}
	if !c.sound("MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_ADDRESS") {
		return
	}
	switch given := c.given("MAX_CONNECTIONS_PER_ADDRESS"); {
	case !given:
		c.connectionsOne = c.connections / partOfOneAddress
	case c.connectionsOne > c.connections:
		c.conflict("MAX_CONNECTIONS_PER_ADDRESS", mistake{"is more than MAX_CONNECTIONS, so one address could keep all others out", "use less than MAX_CONNECTIONS, or raise that"})
	}
	c.bff.MaxConnections, c.bff.MaxConnectionsPerAddress = c.connections, c.connectionsOne
}

// streams keeps one user from having all streams, also where MAX_STREAMS alone is lowered.
func (c *checker) streams() {
	if !c.sound("MAX_STREAMS", "MAX_STREAMS_PER_USER") {
		return
	}
	switch all, one := c.bff.MaxStreams, &c.bff.MaxStreamsPerUser; {
	case !c.given("MAX_STREAMS_PER_USER"):
		*one = min(*one, max(1, all/2))
	case *one > all:
		c.conflict("MAX_STREAMS_PER_USER", mistake{"is more than MAX_STREAMS, so one user could keep all others out", "use less than MAX_STREAMS, or raise that"})
	}
}

// bounds are those of the connections that a surface accepts.
func (c *config) bounds(surface string) web.Connections {
	b := web.Connections{Surface: surface, Proxies: c.bff.TrustedProxies, All: c.connections, AllSetting: "MAX_CONNECTIONS"}
	switch surface {
	case "bff":
		b.PerAddress, b.OneSetting = c.connectionsOne, "MAX_CONNECTIONS_PER_ADDRESS"
	case "api":
		b.PerAddress, b.OneSetting = c.connections/partOfOneService, "MAX_CONNECTIONS"
	default:
		b = web.Connections{Surface: surface, All: adminConnections, PerAddress: adminConnections}
	}
	return b
}
