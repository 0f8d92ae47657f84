package settings

import (
	"bytes"
	"net"
	"slices"
	"strings"

	"vestibule/internal/jose"
	"vestibule/internal/web"
)

// checkCombinations checks the rules that involve several settings, and sets the
// defaults that depend on other settings. It skips a rule if the command does not read
// all settings of the rule, or if one of them already has a fault.
func (c *checker) checkCombinations() {
	c.api()
	c.lifetimes()
	c.cookie()
	c.ownOrigin()
	c.addresses()
	c.drainDelay()
	c.connectionLimits()
	c.streams()
	c.rateLimit()
	c.mailTransport()
	c.app()
	c.verificationKeys()
	c.secretRotation()
	c.missingSecret()
	c.collect()
	if c.valid("MIGRATE", "DATABASE_URL") && !c.given("MIGRATE") {
		c.Migrate = c.Database.SQLite != ""
	}
	if c.valid("DATABASE_LISTEN_URL", "DATABASE_URL") && c.given("DATABASE_LISTEN_URL") && c.Database.SQLite != "" {
		c.conflict("DATABASE_LISTEN_URL", mistake{"cannot be combined with SQLite", "leave it out, or set DATABASE_URL to the PostgreSQL database"})
	}

	// The checks of shared settings store the value in the BFF's configuration only.
	c.API.TrustedProxies = c.BFF.TrustedProxies
	c.API.Algorithm = c.BFF.JWTAlgorithm
	c.API.Issuer = c.BFF.JWTIssuer
	c.API.Audience = c.BFF.JWTAudience
	c.API.MaxStreams = c.BFF.MaxStreams
	c.API.MaxStreamsPerUser = c.BFF.MaxStreamsPerUser
}

func (c *checker) lifetimes() {
	if c.valid("SESSION_UPDATE_AGE", "SESSION_EXPIRES_IN") && c.BFF.SessionUpdateAge >= c.BFF.SessionExpiresIn {
		c.conflict("SESSION_UPDATE_AGE", mistake{"is not shorter than SESSION_EXPIRES_IN, so sessions would never be extended", "use less than " + shortDuration(c.BFF.SessionExpiresIn)})
	}
	if c.valid("SESSION_EXPIRES_IN", "SESSION_MAX_AGE") && c.BFF.SessionExpiresIn > c.BFF.SessionMaxAge {
		c.conflict("SESSION_MAX_AGE", mistake{"is shorter than SESSION_EXPIRES_IN", "use at least " + shortDuration(c.BFF.SessionExpiresIn) + ", or shorten SESSION_EXPIRES_IN"})
	}
}

// cookie checks that browsers accept the cookie with the scheme of BASE_URL.
func (c *checker) cookie() {
	if !c.valid("BASE_URL") {
		return
	}
	https := c.BFF.BaseURL.Scheme == "https"
	if !https && c.valid("COOKIE_SAMESITE") && c.values["COOKIE_SAMESITE"].text == "none" {
		c.conflict("COOKIE_SAMESITE", mistake{"needs a Secure cookie, which browsers accept only over https", "use lax or strict, or an https BASE_URL"})
	}
	if !c.valid("COOKIE_NAME") {
		return
	}
	prefixed := strings.HasPrefix(c.BFF.CookieName, hostPrefix) || strings.HasPrefix(c.BFF.CookieName, securePrefix)
	switch {
	case prefixed && !https:
		c.conflict("COOKIE_NAME", mistake{"has a prefix that browsers refuse over http", "remove the prefix, or use an https BASE_URL"})
	case !prefixed && https:
		c.BFF.CookieName = hostPrefix + c.BFF.CookieName
	}
}

// ownOrigin refuses settings that name the BFF itself instead of another server.
func (c *checker) ownOrigin() {
	if c.valid("BASE_URL", "TRUSTED_ORIGINS") {
		own := c.BFF.BaseURL.String()
		if slices.Contains(c.BFF.TrustedOrigins, own) {
			c.conflict("TRUSTED_ORIGINS", mistake{"lists " + own + ", which is BASE_URL and is always trusted", "remove it from the list"})
		}
	}
	// Without BACKEND_URL, vestibule serve calls the task API inside the process.
	called := c.given("BACKEND_URL") || c.by == ForBFF && len(c.BFF.Routes) == 0
	if c.valid("BASE_URL", "BACKEND_URL") && called && c.routeDefaults().IsOwnAddress(c.BFF.Backend) {
		c.conflict("BACKEND_URL", mistake{"is an address of the BFF, which would call itself", "write the address of the API, like http://localhost:8000"})
	}
}

// addresses refuses two listeners with the same address.
func (c *checker) addresses() {
	names := []string{"BFF_ADDR", "API_ADDR", "ADMIN_ADDR", "FORWARD_AUTH_ADDR"}
	for i, name := range names {
		for _, earlier := range names[:i] {
			if c.valid(name, earlier) && collide(c.values[name].text, c.values[earlier].text) {
				c.conflict(name, mistake{"is the same as " + earlier, "give each its own port"})
				break
			}
		}
	}
}

// drainDelay sets the default of DRAIN_DELAY. A proxy on this machine meets a refused
// connection when it opens one, and can send the request to another instance.
func (c *checker) drainDelay() {
	if c.given("DRAIN_DELAY") {
		return
	}
	for _, name := range []string{"BFF_ADDR", "API_ADDR", "FORWARD_AUTH_ADDR"} {
		address := c.values[name].text
		host, _, _ := net.SplitHostPort(address)
		if address != "" && c.valid(name) && !web.Loopback(host) {
			c.DrainDelay = defaultDrainDelay
		}
	}
}

// collide reports whether two valid listen addresses exclude each other.
func collide(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	everywhere := func(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }
	return portA == portB && portA != "0" && (hostA == hostB || everywhere(hostA) || everywhere(hostB))
}

// verificationKeys decides where the API gets its verification keys.
func (c *checker) verificationKeys() {
	if !c.valid("JWT_ALGORITHM", "JWKS_URL", "BASE_URL") {
		return
	}
	switch symmetric := c.BFF.JWTAlgorithm == jose.HS256; {
	case symmetric && c.given("JWKS_URL"):
		c.conflict("JWKS_URL", mistake{"cannot be combined with JWT_ALGORITHM HS256, whose key is BETTER_AUTH_SECRET", "set JWT_ALGORITHM to EdDSA or ES256, or leave JWKS_URL out"})
	case !symmetric && !c.given("JWKS_URL") && c.by == ForAPI && c.BFF.BaseURL.Scheme == "http" && !web.Loopback(c.BFF.BaseURL.Hostname()):
		c.conflict("JWKS_URL", mistake{"defaults to a path of BASE_URL, which " + keysInClear.problem, "set JWKS_URL to https, or to http on a loopback host"})
	case !symmetric && !c.given("JWKS_URL"):
		c.API.JWKSURL = c.BFF.BaseURL.JoinPath("/api/auth/jwks").String()
	}
}

func (c *checker) secretRotation() {
	if c.valid("BETTER_AUTH_SECRET", "BETTER_AUTH_SECRET_PREVIOUS") && c.Secret != nil && bytes.Equal(c.Secret, c.previous) {
		c.conflict("BETTER_AUTH_SECRET_PREVIOUS", mistake{"is the same as BETTER_AUTH_SECRET", "set it to the other secret of a change, or unset it"})
	}
	// With EdDSA and ES256 a weak previous secret is accepted: it signs no tokens. It
	// only decrypts the signing keys in the database, which would be lost without it.
	if c.valid("BETTER_AUTH_SECRET_PREVIOUS", "JWT_ALGORITHM") && c.previous != nil && c.BFF.JWTAlgorithm == jose.HS256 {
		if problem := guessable(string(c.previous)); problem != "" {
			c.conflict("BETTER_AUTH_SECRET_PREVIOUS", mistake{problem + ", so an attacker who guesses it can mint tokens", "unset it; all users must then sign in again"})
		}
	}
}

// secretFileName is the name of the file next to a SQLite database that holds the
// created secret.
const secretFileName = "better-auth-secret"

// missingSecret decides whether the program may create a missing secret. It may do so
// only for use on one machine: on SQLite, with an http BASE_URL on a loopback host.
// `vestibule bff` and `vestibule api` follow the same rule, so both use the same file
// or both refuse to start.
func (c *checker) missingSecret() {
	if !c.valid("BETTER_AUTH_SECRET", "BASE_URL", "DATABASE_URL") || c.Secret != nil || !c.needsSecret() {
		return
	}
	var why string
	switch {
	case c.BFF.BaseURL.Scheme == "https":
		why = "for an https BASE_URL"
	case !web.Loopback(c.BFF.BaseURL.Hostname()):
		why = "because BASE_URL is not on this machine"
	case c.Database.SQLite == "":
		why = "for PostgreSQL, which processes on other machines may share"
	default:
		c.SecretFile = c.Database.SecretFile()
		return
	}
	c.conflict("BETTER_AUTH_SECRET", mistake{"is missing, and is not created automatically " + why, "create one with: " + secretCommand})
}

// needsSecret is false for an API that verifies with public keys. Such an API should
// not be able to sign tokens.
func (c *checker) needsSecret() bool {
	return c.by != ForAPI || c.valid("JWT_ALGORITHM") && c.BFF.JWTAlgorithm == jose.HS256
}
