package settings

// Limits of connections. By default one address may hold a fifth of the BFF's
// connections. One client then cannot keep all others out, and a proxy that is missing
// in TRUSTED_PROXIES can still serve many users.
const (
	maxConnections     = 1_000_000
	defaultConnections = 10_000
	addressShare       = 5
	filesPerConnection = 2 // a proxied request needs a second one, to a separate API
)

// connectionLimits sets the defaults of the connection limits and checks that they fit
// together.
func (c *checker) connectionLimits() {
	if c.valid("MAX_CONNECTIONS") && !c.given("MAX_CONNECTIONS") {
		c.MaxConnections = defaultConnections
		if files := maxOpenFiles(); files > 0 {
			c.MaxConnections = max(100, min(defaultConnections, files/filesPerConnection))
		}
	}
	if !c.valid("MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_ADDRESS") {
		return
	}
	switch given := c.given("MAX_CONNECTIONS_PER_ADDRESS"); {
	case !given:
		c.MaxConnectionsPerAddress = c.MaxConnections / addressShare
	case c.MaxConnectionsPerAddress > c.MaxConnections:
		c.conflict("MAX_CONNECTIONS_PER_ADDRESS", mistake{"is more than MAX_CONNECTIONS, so one address could keep all others out", "lower it to MAX_CONNECTIONS at most, or raise MAX_CONNECTIONS"})
	}
	c.BFF.MaxConnections, c.BFF.MaxConnectionsPerAddress = c.MaxConnections, c.MaxConnectionsPerAddress
}

// streams ensures that one user cannot take all streams. If only MAX_STREAMS is
// lowered, it lowers the default of MAX_STREAMS_PER_USER too.
func (c *checker) streams() {
	if !c.valid("MAX_STREAMS", "MAX_STREAMS_PER_USER") {
		return
	}
	switch all, one := c.BFF.MaxStreams, &c.BFF.MaxStreamsPerUser; {
	case !c.given("MAX_STREAMS_PER_USER"):
		*one = min(*one, max(1, all/2))
	case *one > all:
		c.conflict("MAX_STREAMS_PER_USER", mistake{"is more than MAX_STREAMS, so one user could keep all others out", "lower it to MAX_STREAMS at most, or raise MAX_STREAMS"})
	}
}
