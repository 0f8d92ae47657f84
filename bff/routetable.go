package bff

import "vestibule/bff/route"

// RouteDefaults returns what applies to routes that do not say otherwise. c must have no zero
// values that mean a default.
func (c Config) RouteDefaults() route.Defaults {
	return route.Defaults{
		Public:         c.BaseURL,
		Backend:        c.Backend,
		Audience:       c.JWTAudience,
		BodyLimit:      max(0, c.ProxyBodyLimit),
		Timeout:        c.ProxyTimeout,
		ForwardHeaders: c.ProxyForwardHeaders,
	}
}
