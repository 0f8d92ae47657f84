package bff

import (
	"context"
	"log/slog"
	"net/http"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"vestibule/bff/mail"
	"vestibule/bff/password"
	"vestibule/bff/route"
	"vestibule/internal/web"
	"vestibule/store"
)

// Config holds the operator's settings of the BFF. Only Secret is required. Every other
// zero value means the value in Defaults.
type Config struct {
	BaseURL        *url.URL       // the public origin; https switches on Secure cookies and HSTS
	TrustedOrigins []string       // further origins that may call with credentials
	TrustedProxies []netip.Prefix // whose X-Forwarded-For we trust

	Secret          []byte   // signs cookies, and tokens in HS256
	PreviousSecrets [][]byte // still accepted for verifying

	SessionExpiresIn time.Duration // life of a session since its last update
	SessionUpdateAge time.Duration // age of the last update at which a use updates it again; None: at every use
	SessionMaxAge    time.Duration // life of a session since sign-in
	SessionFreshAge  time.Duration // how long a password proof is valid
	SessionsPerUser  int           // beyond it a sign-in ends the least recently used ones; None: no limit
	CookieName       string        // with its prefix; "": the default
	CookieSameSite   http.SameSite

	JWTAlgorithm   string // HS256, EdDSA or ES256
	JWTIssuer      string
	JWTAudience    string
	JWTType        string // at+jwt or JWT
	JWTExpiresIn   time.Duration
	JWTKeyRotation time.Duration // how long a key of EdDSA and ES256 signs; None: until an operator rotates it
	ExposeToken    bool          // pages may fetch the token

	SignUpOff                bool // nobody can sign up over HTTP
	RequireEmailVerification bool // sign-in only after the address is verified

	PasswordMinLength   int             // code points
	PasswordAllowCommon bool            // allow passwords that attackers guess first
	PasswordParams      password.Params // cost of a hash
	RateLimitOff        bool            // count no attempts

	Mail           MailConfig
	AuditRetention time.Duration // how long events are kept; None: for ever

	Backend             *url.URL    // requests go to its /api/…
	Routes              route.Table // of the proxy; empty: one, which leads to Backend
	ProxyForwardHeaders []string    // further request headers that may pass
	ProxyBodyLimit      int64       // bytes of a proxied request body; None: no limit
	ProxyTimeout        time.Duration
	ProxyMaxRequests    int // proxied requests in progress
	// ProxyStandardTransport makes http.Transport carry all proxied requests over the network.
	ProxyStandardTransport bool

	// Streams that may be open through the proxy: of all users, of one, and of one
	// session.
	MaxStreams, MaxStreamsPerUser, MaxStreamsPerSession int

	// MaxConnections and MaxConnectionsPerAddress are the listener's. They also bound the
	// concurrent requests of a client behind a trusted proxy. 0: no bound.
	MaxConnections, MaxConnectionsPerAddress int

	// The app at /: the build in WebDir, the dev server at WebDevURL, or with neither
	// the embedded one.
	WebDir    string
	WebDevURL *url.URL
	AppName   string // in the app, mails and pages behind links; "": Vestibule for the embedded app, else the host
}

// addressShare is the part of a shared resource that one address may have: the same part
// as of the connections. 0: all.
func (c Config) addressShare() float64 {
	if c.MaxConnections == 0 {
		return 0
	}
	return float64(c.MaxConnectionsPerAddress) / float64(c.MaxConnections)
}

// MailConfig says how mails are sent.
type MailConfig struct {
	From   netmail.Address
	Server *mail.Server // nil: files in Folder
	Folder string
}

// Deps holds the parts that the BFF depends on.
type Deps struct {
	Store    *store.Store
	Log      *slog.Logger      // nil: slog.Default
	Upstream http.RoundTripper // carries requests to the task API; nil: the network
	Now      func() time.Time  // nil: time.Now

	Metrics  prometheus.Registerer // nil: none are registered
	Requests *web.RequestMetrics   // of all surfaces; nil: requests are not counted
	Tracer   trace.Tracer          // starts spans; nil: there are none

	// DeleteRemains deletes some of what deleted users have left in the database that is
	// not the BFF's own. nil: nothing is left there.
	DeleteRemains func(context.Context) (more bool, err error)
}
