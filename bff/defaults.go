package bff

import (
	"cmp"
	"net/http"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"time"

	"vestibule/bff/password"
	"vestibule/bff/proxy"
	"vestibule/bff/session"
	"vestibule/internal/jose"
)

// None means no limit. 0 means the default.
const None = -1

// Defaults returns what the zero values of a Config stand for. Only the secret has no
// default.
func Defaults() Config { return Config{}.withDefaults() }

func (c Config) withDefaults() Config {
	c.BaseURL = cmp.Or(c.BaseURL, &url.URL{Scheme: "http", Host: "localhost:3000"})
	c.Backend = cmp.Or(c.Backend, &url.URL{Scheme: "http", Host: "localhost:8000"})

	c.SessionExpiresIn = cmp.Or(c.SessionExpiresIn, session.DefaultExpiresIn)
	c.SessionUpdateAge = cmp.Or(c.SessionUpdateAge, session.DefaultUpdateAge)
	c.SessionMaxAge = cmp.Or(c.SessionMaxAge, session.DefaultMaxAge)
	c.SessionFreshAge = cmp.Or(c.SessionFreshAge, session.DefaultFreshAge)
	c.SessionsPerUser = cmp.Or(c.SessionsPerUser, 100)
	if c.CookieName == "" {
		c.CookieName = "better-auth.session_token"
		if c.BaseURL.Scheme == "https" {
			c.CookieName = "__Host-" + c.CookieName
		}
	}
	c.CookieSameSite = cmp.Or(c.CookieSameSite, http.SameSiteLaxMode)

	c.JWTAlgorithm = cmp.Or(c.JWTAlgorithm, jose.HS256)
	c.JWTIssuer = cmp.Or(c.JWTIssuer, "better-auth")
	c.JWTAudience = cmp.Or(c.JWTAudience, "fastapi-backend")
	c.JWTType = cmp.Or(c.JWTType, jose.TypeAccessToken)
	c.JWTExpiresIn = cmp.Or(c.JWTExpiresIn, 5*time.Minute)
	c.JWTKeyRotation = cmp.Or(c.JWTKeyRotation, 30*24*time.Hour)

	c.PasswordMinLength = cmp.Or(c.PasswordMinLength, password.DefaultMinLength)
	c.Mail.From.Address = cmp.Or(c.Mail.From.Address, noReply(c.BaseURL).Address)
	c.Mail.Folder = cmp.Or(c.Mail.Folder, "data/mail")
	c.AuditRetention = cmp.Or(c.AuditRetention, 90*24*time.Hour)

	c.ProxyBodyLimit = cmp.Or(c.ProxyBodyLimit, 10<<20)
	c.ProxyTimeout = cmp.Or(c.ProxyTimeout, 30*time.Second)
	c.ProxyMaxRequests = cmp.Or(c.ProxyMaxRequests, proxy.DefaultMaxRequests)
	c.MaxStreams = cmp.Or(c.MaxStreams, session.DefaultStreams)
	c.MaxStreamsPerUser = cmp.Or(c.MaxStreamsPerUser, min(session.DefaultStreamsPerUser, max(1, c.MaxStreams/2)))
	c.MaxStreamsPerSession = cmp.Or(c.MaxStreamsPerSession, session.DefaultStreamsPerSession)
	return c
}

// noReply is the sender of mails if none is configured.
func noReply(base *url.URL) netmail.Address {
	host := base.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		host = "localhost"
	}
	return netmail.Address{Address: "no-reply@" + host}
}
