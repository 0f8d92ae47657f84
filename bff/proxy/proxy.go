package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"vestibule/bff/route"
	"vestibule/internal/web"
)

// Config configures a Proxy. Fields are required unless their comment says otherwise.
type Config struct {
	route.Route // which requests come here, where they go, and by which rules

	// Table has all routes, this one too. It may be empty if this is the only one.
	Table route.Table

	// Backend is the URL of the default API, for a route without an upstream. It has no user,
	// query or fragment.
	Backend *url.URL
	// Public is the origin that browsers see. The API gets it as X-Forwarded-Host
	// and -Proto.
	Public *url.URL
	// Transport carries the requests; nil means the network. It must not send a
	// request twice. For an *http.Transport, the proxy ensures this itself.
	Transport http.RoundTripper
	// Networks are the connections that several proxies share; nil: this one has its own.
	Networks *Networks
	// StandardTransport makes http.Transport carry all requests over the network. Otherwise it
	// carries only those that internal/roundtrip does not take.
	StandardTransport bool
	// Limits bounds the requests under way. Several proxies may share it; nil means
	// NewLimits(0, 1).
	Limits *Limits
	// Follows is the proxy that this one replaces, if the streams of that one go on. EndStreams of
	// either then ends the streams of both.
	Follows *Proxy
	// Authorize returns the permission for a request, with its token, or the refusal.
	Authorize func(*http.Request) (Grant, error)
	// AllowUpgrade reports whether the Origin of a WebSocket handshake is our own or
	// a trusted one.
	AllowUpgrade func(*http.Request) bool
	// ClientIP returns the client's address, or "".
	ClientIP func(*http.Request) string
	// Metrics count the outcomes. Several proxies may share them; nil: they are not shown.
	Metrics *Metrics
}

// Grant is the permission to make one exchange with the API.
//
// The zero Grant is that of a request without a session, on a route that allows it. It sends no
// token, and nothing but its address bounds it.
type Grant struct {
	User   string // the user who sent the request; "": nobody is signed in
	Bearer string // the access token; "": none is sent
	// Bind bounds the exchange by the session: end is called, with the cause, when the session
	// ends, until release is called. nil means that there is no session.
	Bind func(end context.CancelCauseFunc) (release func())
	// Stream takes a place among the session's streams, or returns the refusal. It may wait
	// for one. leave gives the place back. Until then ask may be called, which finds out
	// whether the stream still has a client. nil means that streams are not counted.
	Stream func(ctx context.Context, ask func()) (leave func(), err error)
	// Confirm checks the session again and returns the refusal if it has ended. It is
	// called just before a body that was held open becomes complete at the API, and after a
	// wait for a stream's place. nil means that there is no session.
	Confirm func(context.Context) error
	// Cookie returns a cookie of ours for the answer, or nil. It is called when the API has
	// answered. nil means that there is none.
	Cookie func(context.Context) *http.Cookie
	// Expired reports whether the token has expired; nil means never.
	Expired func() bool
}

// Proxy carries requests to one API. Make one with New.
type Proxy struct {
	cfg      Config
	upstream *url.URL              // requests go below its path
	allowed  HeaderList            // request headers that pass
	root     string                // the path at the API below which requests go
	rawRoot  string                // the same, escaped
	reverse  httputil.ReverseProxy // without a BufferPool, see exchange.reverse
	buffers  buffers

	limits   *Limits
	api      string // the server, for the limits
	outcomes outcomes

	stopping context.Context // ends when the process stops
	stop     context.CancelFunc

	forwardedHost, forwardedProto []string // shared by all requests, read-only
}

// New returns a Proxy, or an error with all faults of cfg.
func New(cfg Config) (*Proxy, error) {
	upstream := cfg.Base(cfg.Backend)
	allowed, err := NewHeaderList(cfg.ForwardHeaders)
	if err := errors.Join(checkUpstream(upstream), err); err != nil {
		return nil, err
	}
	p := &Proxy{
		cfg:      cfg,
		upstream: upstream,
		allowed:  allowed,
		root:     upstream.Path,
		rawRoot:  rawPath(upstream),

		limits:   cmp.Or(cfg.Limits, NewLimits(0, 1)),
		api:      cfg.Server(cfg.Backend),
		outcomes: cmp.Or(cfg.Metrics, NewMetrics(nil)).of(cfg.Path),

		forwardedHost:  []string{cfg.Public.Host},
		forwardedProto: []string{cfg.Public.Scheme},
	}
	if p.cfg.Follows = nil; cfg.Follows != nil { // do not keep the old one in memory
		p.stopping, p.stop = cfg.Follows.stopping, cfg.Follows.stop
	} else {
		p.stopping, p.stop = context.WithCancel(context.Background())
	}
	p.reverse = httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		Transport:      newUpstream(cfg, upstream),
		ModifyResponse: p.modify,
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			exchangeOf(r.Context()).failure = err
		},
		ErrorLog: log.New(io.Discard, "", 0), // errors go into the request's own log record
	}
	return p, nil
}

func checkUpstream(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.Opaque != "":
		return errors.New("the upstream must be an http or https URL with a host")
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return errors.New("the upstream must have no user, query or fragment")
	case !strings.HasSuffix(u.Path, "/"):
		return errors.New("the upstream must end with a slash")
	}
	if err := web.CheckPath(&http.Request{URL: u}); err != nil {
		return fmt.Errorf("the upstream is ambiguous: %w", err)
	}
	return nil
}

// Serve answers one request below the proxy's path. It is a web.HandlerFunc: it returns a
// refusal or failure as an error, and the caller answers it. The error is
// context.Canceled if the client is gone. If an answer has ended early, Serve panics
// with http.ErrAbortHandler.
func (p *Proxy) Serve(w http.ResponseWriter, r *http.Request) (err error) {
	returned := false
	defer func() { p.outcomes.count(r.Context(), returned, err) }()
	err = p.serve(w, r)
	returned = true
	return err
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) error {
	rest, err := Admit(r, &p.cfg.Route)
	if err != nil {
		return err
	}
	upgrade := isWebSocket(r)
	if upgrade {
		if err := AdmitWebSocket(r, &p.cfg.Route, p.cfg.AllowUpgrade); err != nil {
			return err
		}
	}
	checked := time.Now()
	grant, err := p.cfg.Authorize(r)
	if err != nil {
		return err
	}
	x := p.newExchange(w, r, grant)
	x.rest, x.upgrade, x.checked = rest, upgrade, checked
	defer x.places.releaseAll()
	if err := x.places.acquire(p.limits, p.api, grant.User, web.ClientKey(x.address)); err != nil {
		return err
	}
	if limit := p.cfg.BodyLimit; limit > 0 && r.ContentLength > limit {
		web.NoteRefusal(r, p.cfg.Rule(ruleBodyLimit))
		return web.BodyTooLarge(limit)
	}
	x.ctx, x.cancel = context.WithCancelCause(r.Context())
	defer x.cancel(nil)
	if grant.Bind != nil {
		defer grant.Bind(x.endLease)()
	}
	defer x.place.release()
	if upgrade || asksForStream(r) {
		x.places.pause() // it may wait
		if err := x.place.acquire(r.Context()); err != nil {
			return err
		}
		if err := x.places.acquireShared(); err != nil {
			return err
		}
	}
	x.startSpan()
	x.begin()
	defer x.end()
	x.reverse.ServeHTTP(&x.answer, x.request())
	err = x.outcome()
	x.answered = true
	x.endSpan(err)
	return err
}
