// Package bff is the backend for frontends: what browsers talk to. It owns sign-up, sign-in and the cookie session, and turns the cookie
// into a short-lived token on the way to the task API.
//
// The cookie stops here: no other package of the program reads one, and no answer
// of this one to a browser holds a token or a session's secret. A bearer token from
// outside means nothing here.
//
// Because it has the keys, it also serves the endpoint where internal services get
// tokens of their own (bff/oauth).
package bff

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"vestibule/bff/frontend"
	"vestibule/bff/mail"
	"vestibule/bff/oauth"
	"vestibule/bff/password"
	"vestibule/bff/proxy"
	"vestibule/bff/session"
	"vestibule/bff/spa"
	"vestibule/bff/throttle"
	"vestibule/bff/token"
	"vestibule/internal/fair"
	"vestibule/internal/openapi"
	"vestibule/internal/web"
	"vestibule/store"
)

// Config is what an operator decides about the BFF. All of it is required
// unless said otherwise.
type Config struct {
	BaseURL        *url.URL       // the public origin; https switches on Secure cookies and HSTS
	TrustedOrigins []string       // further origins that may call with credentials; may be empty
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed; may be empty

	Secret          []byte   // signs cookies, and tokens in HS256
	PreviousSecrets [][]byte // still accepted for verifying; may be empty

	SessionExpiresIn time.Duration // life of a session since its last update
	SessionUpdateAge time.Duration // age of the last update at which use makes another
	SessionMaxAge    time.Duration // life of a session since sign-in
	SessionFreshAge  time.Duration // how long a proof of the password stands for another one
	SessionsPerUser  int           // beyond it a sign-in ends those used longest ago; 0: no limit
	CookieName       string        // its prefix included
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
	PasswordParams      password.Params // cost of a hash; zero: the default
	RateLimitOff        bool            // count no attempts

	Mail           MailConfig
	AuditRetention time.Duration // how long events are kept; 0: forever

	Backend             *url.URL // requests go to its /api/…
	ProxyForwardHeaders []string // further request headers that may pass; may be empty
	ProxyBodyLimit      int64    // bytes of a proxied request body; 0 means no limit
	ProxyTimeout        time.Duration
	ProxyMaxRequests    int // proxied requests under way; 0: the proxy's default

	// Streams that may be open through the proxy: of all users, of one, and of one
	// session. 0 is the default.
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
	Log      *slog.Logger
	Upstream http.RoundTripper // carries requests to the task API; nil: the network
	Now      func() time.Time  // nil: time.Now

	// DeleteRemains deletes some of what deleted users have left in the database that is
	// not the BFF's own. nil: nothing is left there.
	DeleteRemains func(context.Context) (more bool, err error)
}

// Server is the BFF. Make one with New.
type Server struct {
	cfg   Config
	log   *slog.Logger
	now   func() time.Time
	store *store.Store

	deleteRemains func(context.Context) (more bool, err error) // see Deps; may be nil

	passwords hasher
	limits    *throttle.Limiter
	mail      *mail.Outbox
	tokens    *token.Minter
	sessions  *session.Sessions
	oauth     *oauth.Server
	proxy     *proxy.Proxy
	strangers *web.Bodies // of those who have not shown who they are
	members   *web.Bodies // of users with a session
	origins   origins
	clients   *web.ClientIPs
	work      *fair.Room // requests
	inSession *fair.Room // those that present a session
	asks      *fair.Room // what strangers ask of the database
	refusals  *pace
	absences  *pace
	late      *fair.Room // those who are told so late
	app       *frontend.App
	docs      *openapi.Docs
}

// hasher is what a password.Hasher does.
type hasher interface {
	Check(pw, email string) error
	Hash(ctx context.Context, who password.Asker, pw string) (string, error)
	Verify(ctx context.Context, who password.Asker, pw, phc string) (ok, rehash bool, err error)
	VerifyNone(ctx context.Context, who password.Asker, pw string) error
}

// recheckAlone is how long a session read from SQLite is believed, as long as
// nobody has written to the file: not this process, and not the command line,
// which ends sessions too.
const recheckAlone = time.Minute

// New composes the BFF. It reads or makes the signing key, so the database
// must be reachable and migrated.
func New(ctx context.Context, cfg Config, deps Deps) (*Server, error) {
	s := &Server{cfg: cfg, log: deps.Log, now: deps.Now, store: deps.Store, deleteRemains: deps.DeleteRemains, work: newWorkRoom(), inSession: newSessionRoom(), asks: newAskRoom(), late: newLateRoom()}
	if s.now == nil {
		s.now = time.Now
	}
	limits := web.BodyLimits{One: maxBody, Sender: bodiesOfOne, All: bodiesOfAll}
	s.strangers, s.members = web.NewBodies(limits), web.NewBodies(limits)
	s.origins = newOrigins(cfg.BaseURL, cfg.TrustedOrigins)
	var err error
	s.app, err = frontend.New(frontend.Config{
		Embedded: spa.Files,
		Dir:      cfg.WebDir,
		DevURL:   cfg.WebDevURL,
		Origin:   s.origin(),
		Errors:   writeError,
	})
	if err != nil {
		return nil, err
	}
	if s.docs, err = openapi.New(openAPI, "/api/openapi.json", "/api/docs", "Vestibule BFF"); err != nil {
		return nil, err
	}
	if s.clients, err = web.NewClientIPs(cfg.TrustedProxies); err != nil {
		return nil, err
	}
	if s.refusals, err = newPace(refusalsAtOnce, refusalEvery); err != nil {
		return nil, err
	}
	if s.absences, err = newPace(absentAtOnce, absentEvery); err != nil {
		return nil, err
	}
	if s.passwords, err = password.New(password.Config{Params: cfg.PasswordParams, MinLength: cfg.PasswordMinLength, AllowCommon: cfg.PasswordAllowCommon}); err != nil {
		return nil, err
	}
	if s.limits, err = throttle.New(deps.Store, cfg.Secret, s.now, cfg.RateLimitOff); err != nil {
		return nil, err
	}
	s.mail = s.newOutbox()
	s.tokens, err = token.Open(ctx, token.Config{
		Algorithm:       cfg.JWTAlgorithm,
		Secret:          cfg.Secret,
		PreviousSecrets: cfg.PreviousSecrets,
		Issuer:          cfg.JWTIssuer,
		Audience:        cfg.JWTAudience,
		ExpiresIn:       cfg.JWTExpiresIn,
		Now:             s.now,
	}, signingKeys{deps.Store})
	if err != nil {
		return nil, err
	}
	if err := s.openSessions(); err != nil {
		return nil, err
	}
	s.oauth = s.newOAuth()
	s.proxy, err = proxy.New(proxy.Config{
		Backend:        cfg.Backend,
		Public:         cfg.BaseURL,
		Transport:      deps.Upstream,
		ForwardHeaders: cfg.ProxyForwardHeaders,
		BodyLimit:      cfg.ProxyBodyLimit,
		MaxRequests:    cfg.ProxyMaxRequests,
		Timeout:        cfg.ProxyTimeout,
		Authorize:      s.authorize,
		AllowUpgrade:   s.origins.allowUpgrade,
		ClientIP:       s.clients.Of,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) newOutbox() *mail.Outbox {
	var sender mail.Sender = mail.Folder{Path: s.cfg.Mail.Folder, Log: s.log}
	if s.cfg.Mail.Server != nil {
		sender = s.cfg.Mail.Server
	}
	return mail.New(mail.Config{BaseURL: s.cfg.BaseURL, From: s.cfg.Mail.From, Sender: sender, Now: s.now, Log: s.log}, s.store)
}

func (s *Server) openSessions() error {
	recheck, version := recheckAlone, s.store.Version
	if s.store.Shared() {
		recheck, version = 0, nil
	}
	var err error
	s.sessions, err = session.New(session.Config{
		Cookie: session.Cookie{
			Name:     s.cfg.CookieName,
			Secure:   s.https(),
			SameSite: s.cfg.CookieSameSite,
			Secret:   s.cfg.Secret,
			Previous: s.cfg.PreviousSecrets,
		},
		ExpiresIn: s.cfg.SessionExpiresIn,
		UpdateAge: s.cfg.SessionUpdateAge,
		MaxAge:    s.cfg.SessionMaxAge,
		FreshAge:  s.cfg.SessionFreshAge,
		Recheck:   recheck,
		Version:   version,
		ClientIP:  s.clients.Of,

		MaxStreams:           s.cfg.MaxStreams,
		MaxStreamsPerUser:    s.cfg.MaxStreamsPerUser,
		MaxStreamsPerSession: s.cfg.MaxStreamsPerSession,
		AddressShare:         s.cfg.addressShare(),

		Mint: func(userID, handle string) (session.Access, error) {
			t, err := s.tokens.Mint(userID, handle)
			return session.Access(t), err
		},
		Fresh: func(a session.Access) bool { return s.tokens.Fresh(token.Token(a)) },
		Now:   s.now,
		Log:   s.log,
	}, s.store)
	if err != nil {
		return fmt.Errorf("sessions: %w", err)
	}
	return nil
}

func (s *Server) https() bool { return s.cfg.BaseURL.Scheme == "https" }

// origin is our own, as browsers write it.
func (s *Server) origin() string { return s.cfg.BaseURL.Scheme + "://" + s.cfg.BaseURL.Host }

// Handler answers the whole surface.
func (s *Server) Handler() http.Handler {
	h := s.origins.guard(s.routes(), refusedOrigin(s.cfg.BaseURL))
	h = s.openToListed(h)
	h = web.Handle(s.clients.Bound(s.cfg.MaxConnections, s.cfg.MaxConnectionsPerAddress, web.Asked(h)), writeError)
	h = s.origins.cors(s.cfg.ProxyForwardHeaders).Handler(h)
	h = web.NoStore(h)
	h = web.DefaultDeadlines.Wrap(h)
	h = web.SecurityHeaders{CSP: web.APIPolicy, HTTPS: s.https()}.Wrap(h)
	h = s.clients.WarnForwarded(s.log, h)
	return web.Access{
		Log:     s.log,
		Surface: "bff",
		Errors:  writeError,
		TrustID: s.clients.FromProxy,
		Clients: s.clients,
	}.Wrap(h)
}

// Run does the background work until ctx ends.
func (s *Server) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.sessions.Run(ctx) })
	wg.Go(func() { s.mail.Run(ctx) })
	wg.Go(func() { s.prune(ctx) })
	wg.Wait()
}

// Ready says whether requests can be answered: the signing keys can be read.
func (s *Server) Ready(ctx context.Context) error {
	_, err := s.tokens.JWKS(ctx)
	return err
}
