package settings

// The bounds of connections. One address may have a fifth of the BFF's, so that nobody
// alone keeps others out, and a proxy that nobody has listed in TRUSTED_PROXIES still
// serves many.
const (
	maxConnections     = 1_000_000
	defaultConnections = 10_000
	addressShare       = 5
	filesPerConnection = 2 // a proxied request has one to a separate API
)

// connectionLimits settles how many connections there may be.
func (c *checker) connectionLimits() {
	if c.valid("MAX_CONNECTIONS") && !c.given("MAX_CONNECTIONS") {
		c.Connections = defaultConnections
		if files := maxOpenFiles(); files > 0 {
			c.Connections = max(100, min(defaultConnections, files/filesPerConnection))
		}
	}
	if !c.valid("MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_ADDRESS") {
		return
	}
	switch given := c.given("MAX_CONNECTIONS_PER_ADDRESS"); {
	case !given:
		c.ConnectionsOne = c.Connections / addressShare
	case c.ConnectionsOne > c.Connections:
		c.conflict("MAX_CONNECTIONS_PER_ADDRESS", mistake{"is more than MAX_CONNECTIONS, so one address could keep all others out", "use less than MAX_CONNECTIONS, or raise that"})
	}
	c.BFF.MaxConnections, c.BFF.MaxConnectionsPerAddress = c.Connections, c.ConnectionsOne
}

// streams keeps one user from having all streams, also where MAX_STREAMS alone is lowered.
func (c *checker) streams() {
	if !c.valid("MAX_STREAMS", "MAX_STREAMS_PER_USER") {
		return
	}
	switch all, one := c.BFF.MaxStreams, &c.BFF.MaxStreamsPerUser; {
	case !c.given("MAX_STREAMS_PER_USER"):
		*one = min(*one, max(1, all/2))
	case *one > all:
		c.conflict("MAX_STREAMS_PER_USER", mistake{"is more than MAX_STREAMS, so one user could keep all others out", "use less than MAX_STREAMS, or raise that"})
	}
}
