package settings

import (
	"bytes"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"vestibule/internal/jose"
	"vestibule/internal/web"
)

// together checks what only several settings can get wrong, and fills in the
// defaults that depend on another setting. A rule is skipped where the command
// does not read its settings or one of them is faulty already.
func (c *checker) checkCombinations() {
	c.lifetimes()
	c.cookie()
	c.ownOrigin()
	c.addresses()
	c.connectionLimits()
	c.streams()
	c.rateLimit()
	c.mailTransport()
	c.app()
	c.verificationKeys()
	c.secretRotation()
	c.missingSecret()
	if c.valid("MIGRATE", "DATABASE_URL") && !c.given("MIGRATE") {
		c.Migrate = c.Database.SQLite != ""
	}
	c.NetworkAPI = c.given("BACKEND_URL")
	c.NetworkJWKS = c.given("JWKS_URL")

	// What both sides read was checked into the BFF's.
	c.API.TrustedProxies = c.BFF.TrustedProxies
	c.API.Algorithm = c.BFF.JWTAlgorithm
	c.API.Issuer = c.BFF.JWTIssuer
	c.API.Audience = c.BFF.JWTAudience
	c.API.MaxStreams = c.BFF.MaxStreams
	c.API.MaxStreamsPerUser = c.BFF.MaxStreamsPerUser
}

func (c *checker) lifetimes() {
	if c.valid("SESSION_UPDATE_AGE", "SESSION_EXPIRES_IN") && c.BFF.SessionUpdateAge >= c.BFF.SessionExpiresIn {
		c.conflict("SESSION_UPDATE_AGE", mistake{"is not shorter than SESSION_EXPIRES_IN, so use would never extend a session", "use less than " + shortDuration(c.BFF.SessionExpiresIn)})
	}
	if c.valid("SESSION_EXPIRES_IN", "SESSION_MAX_AGE") && c.BFF.SessionExpiresIn > c.BFF.SessionMaxAge {
		c.conflict("SESSION_MAX_AGE", mistake{"is shorter than SESSION_EXPIRES_IN", "use at least " + shortDuration(c.BFF.SessionExpiresIn) + ", or shorten SESSION_EXPIRES_IN"})
	}
}

// cookie holds the cookie to what browsers accept over BASE_URL's scheme.
func (c *checker) cookie() {
	if !c.valid("BASE_URL") {
		return
	}
	https := c.BFF.BaseURL.Scheme == "https"
	if !https && c.valid("COOKIE_SAMESITE") && c.values["COOKIE_SAMESITE"].text == "none" {
		c.conflict("COOKIE_SAMESITE", mistake{"needs a Secure cookie, which browsers take from https only", "use lax or strict, or an https BASE_URL"})
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

// ownOrigin refuses settings that name the BFF where another is meant.
func (c *checker) ownOrigin() {
	if c.valid("BASE_URL", "TRUSTED_ORIGINS") {
		own := c.BFF.BaseURL.String()
		if slices.Contains(c.BFF.TrustedOrigins, own) {
			c.conflict("TRUSTED_ORIGINS", mistake{"lists " + own + ", which is BASE_URL and always trusted", "leave it out"})
		}
	}
	if c.valid("BASE_URL", "BACKEND_URL") && *c.BFF.Backend == *c.BFF.BaseURL {
		c.conflict("BACKEND_URL", mistake{"is BASE_URL: the BFF would call itself", "name the task API, like http://localhost:8000"})
	}
}

// addresses refuses two listeners in one place before the second one fails.
func (c *checker) addresses() {
	names := []string{"BFF_ADDR", "API_ADDR", "ADMIN_ADDR"}
	for i, name := range names {
		for _, earlier := range names[:i] {
			if c.valid(name, earlier) && collide(c.values[name].text, c.values[earlier].text) {
				c.conflict(name, mistake{"is the same as " + earlier, "give each its own port"})
				break
			}
		}
	}
}

// collide says whether two checked listen addresses cannot both be opened.
func collide(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	everywhere := func(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }
	return portA == portB && portA != "0" && (hostA == hostB || everywhere(hostA) || everywhere(hostB))
}

// keys settles where the API's verification keys come from.
func (c *checker) verificationKeys() {
	if !c.valid("JWT_ALGORITHM", "JWKS_URL", "BASE_URL") {
		return
	}
	switch symmetric := c.BFF.JWTAlgorithm == jose.HS256; {
	case symmetric && c.given("JWKS_URL"):
		c.conflict("JWKS_URL", mistake{"cannot be combined with JWT_ALGORITHM HS256, whose key is BETTER_AUTH_SECRET", "set JWT_ALGORITHM to EdDSA or ES256, or leave JWKS_URL out"})
	case !symmetric && !c.given("JWKS_URL") && c.by == ForAPI && c.BFF.BaseURL.Scheme == "http" && !web.Loopback(c.BFF.BaseURL.Hostname()):
		c.conflict("JWKS_URL", mistake{"is by default a path of BASE_URL, which " + keysInClear.problem, "set JWKS_URL to https, or to http on a loopback host"})
	case !symmetric && !c.given("JWKS_URL"):
		c.API.JWKSURL = c.BFF.BaseURL.JoinPath("/api/auth/jwks").String()
	}
}

func (c *checker) secretRotation() {
	if c.valid("BETTER_AUTH_SECRET", "BETTER_AUTH_SECRET_PREVIOUS") && c.Secret != nil && bytes.Equal(c.Secret, c.previous) {
		c.conflict("BETTER_AUTH_SECRET_PREVIOUS", mistake{"is the same as BETTER_AUTH_SECRET", "give the secret before the last change, or leave it out"})
	}
	// With public keys it opens no more than what is in the database: the signing keys
	// that were made under it, which must not be lost with it.
	if c.valid("BETTER_AUTH_SECRET_PREVIOUS", "JWT_ALGORITHM") && c.previous != nil && c.BFF.JWTAlgorithm == jose.HS256 {
		if problem := guessable(string(c.previous)); problem != "" {
			c.conflict("BETTER_AUTH_SECRET_PREVIOUS", mistake{problem + ", and whoever guesses it mints tokens", "leave it out; everybody signs in once more"})
		}
	}
}

// secretFileName is the file beside a SQLite database that holds the secret
// when none was given.
const secretFileName = "better-auth-secret"

// missingSecret decides whether a secret may be made where none was given. Only
// where nobody else can be hurt: for this machine's own browser, over http,
// on SQLite. `vestibule api` follows the same rule, so that both sides end
// with the same file or both refuse.
func (c *checker) missingSecret() {
	if !c.valid("BETTER_AUTH_SECRET", "BASE_URL", "DATABASE_URL") || c.Secret != nil || !c.needsSecret() {
		return
	}
	var why string
	switch {
	case c.BFF.BaseURL.Scheme == "https":
		why = "with an https BASE_URL"
	case !web.Loopback(c.BFF.BaseURL.Hostname()):
		why = "when BASE_URL is not on this machine"
	case c.Database.SQLite == "":
		why = "on PostgreSQL, which other processes may share"
	default:
		c.SecretFile = filepath.Join(filepath.Dir(c.Database.SQLite), secretFileName)
		return
	}
	c.conflict("BETTER_AUTH_SECRET", mistake{"is missing, and is not created " + why, "make one with: " + secretCommand})
}

// needsSecret is false for an API that verifies with public keys: it should
// not hold what signs.
func (c *checker) needsSecret() bool {
	return c.by != ForAPI || c.valid("JWT_ALGORITHM") && c.BFF.JWTAlgorithm == jose.HS256
}
