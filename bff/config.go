package bff

import (
	"context"
	"log/slog"
	"net/http"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"time"

	"vestibule/bff/mail"
	"vestibule/bff/password"
	"vestibule/store"
)

// Config is what an operator decides about the BFF. Only Secret is required: what else
// is zero is as in Defaults.
type Config struct {
	BaseURL        *url.URL       // the public origin; https switches on Secure cookies and HSTS
	TrustedOrigins []string       // further origins that may call with credentials
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed

	Secret          []byte   // signs cookies, and tokens in HS256
	PreviousSecrets [][]byte // still accepted for verifying

	SessionExpiresIn time.Duration // life of a session since its last update
	SessionUpdateAge time.Duration // age of the last update at which use makes another; None: any age
	SessionMaxAge    time.Duration // life of a session since sign-in
	SessionFreshAge  time.Duration // how long a proof of the password stands for another one
	SessionsPerUser  int           // beyond it a sign-in ends those used longest ago; None: no limit
	CookieName       string        // its prefix included, if it is given
	CookieSameSite   http.SameSite

	JWTAlgorithm string // HS256, EdDSA or ES256
	JWTIssuer    string
	JWTAudience  string
	JWTExpiresIn time.Duration
	ExposeToken  bool // hand the token to the page that asks

	SignUpOff                bool // no account is made over HTTP
	RequireEmailVerification bool // sign-in only after the address is verified

	PasswordMinLength   int             // code points
	PasswordAllowCommon bool            // let passwords be chosen that are guessed first
	PasswordParams      password.Params // cost of a hash
	RateLimitOff        bool            // count no attempts

	Mail           MailConfig
	AuditRetention time.Duration // how long events are kept; None: for ever

	Backend             *url.URL // requests go to its /api/…
	ProxyForwardHeaders []string // further request headers that may pass
	ProxyBodyLimit      int64    // bytes of a proxied request body; None: no limit
	ProxyTimeout        time.Duration
	ProxyMaxRequests    int // proxied requests under way

	// Streams that may be open through the proxy: of all users, of one, and of one
	// session.
	MaxStreams, MaxStreamsPerUser, MaxStreamsPerSession int

	// MaxConnections and MaxConnectionsPerAddress are the listener's. Who comes through a
	// trusted proxy has no more requests under way. 0: no bound.
	MaxConnections, MaxConnectionsPerAddress int

	// The app at /: the build in WebDir, the dev server at WebDevURL, or with neither
	// the embedded one.
	WebDir    string
	WebDevURL *url.URL
}

// addressShare is the part of what is there for all that one address may have, as of the
// connections; 0: all.
func (c Config) addressShare() float64 {
	if c.MaxConnections == 0 {
		return 0
	}
	return float64(c.MaxConnectionsPerAddress) / float64(c.MaxConnections)
}

// MailConfig is how mails leave.
type MailConfig struct {
	From   netmail.Address
	Server *mail.Server // nil: files in Folder
	Folder string
}

// Deps is what the BFF stands on.
type Deps struct {
	Store    *store.Store
	Log      *slog.Logger      // nil: slog.Default
	Upstream http.RoundTripper // carries requests to the task API; nil: the network
	Now      func() time.Time  // nil: time.Now

	// DeleteRemains deletes some of what deleted users have left in the database that is
	// not the BFF's own. nil: nothing is left there.
	DeleteRemains func(context.Context) (more bool, err error)
}
