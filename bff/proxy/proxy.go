package proxy

import (
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

	"vestibule/internal/web"
)

const (
	prefix  = "/api/proxy/" // where the browser finds the API
	apiRoot = "/api/"       // what that is at the API, below the backend's own path
)

// flushAfter bounds how long bytes of an answer of known length wait for more.
// (Answers of unknown length, event streams among them, never wait.)
const flushAfter = 10 * time.Millisecond

// Config is what the proxy is made of. Everything is required unless said
// otherwise.
type Config struct {
	// Backend is where the API is: requests go to its /api/…, below the path
	// that it may have. It has no user, query or fragment.
	Backend *url.URL
	// Public is the origin that browsers see: X-Forwarded-Host and -Proto.
	Public *url.URL
	// Transport carries the requests; nil means the network. It must not send
	// a request twice; of an *http.Transport this is taken care of here.
	Transport http.RoundTripper
	// ForwardHeaders are further request headers that may pass; may be empty.
	ForwardHeaders []string
	// BodyLimit is the largest request body in bytes; 0 means no limit.
	BodyLimit int64
	// MaxRequests is how many requests may wait for the API. A user may have a tenth of
	// so many under way, and an address half; 0 means 1000.
	MaxRequests int
	// Timeout bounds the wait for an answer's headers while the API, and not
	// the client, has the next move; 0 means no bound.
	Timeout time.Duration
	// Authorize says with which token a request goes on, or why it does not.
	Authorize func(*http.Request) (Grant, error)
	// AllowUpgrade says whether the Origin of a WebSocket handshake is ours or
	// a trusted one.
	AllowUpgrade func(*http.Request) bool
	// ClientIP is the client's address, or "".
	ClientIP func(*http.Request) string
}

// Grant is the permission to make one exchange with the API.
type Grant struct {
	User   string // whose request it is
	Bearer string // the access token
	// Lease bounds the exchange by the session: the context that it returns
	// ends when the session does.
	Lease func(context.Context) (context.Context, context.CancelFunc)
	// Stream takes a place among the session's streams, or says why there is none. leave
	// gives it back. nil means that nobody counts.
	Stream func() (leave func(), err error)
	// Confirm says once more whether the session lives, and why the request does not
	// go on if it does not. It is asked when a body that was held open is about to
	// become whole at the API.
	Confirm func(context.Context) error
	// Expired says whether the token has run out by now; nil means never.
	Expired func() bool
}

// Proxy carries requests to one API. Make one with New.
type Proxy struct {
	cfg     Config
	allowed []string // request headers that pass, in canonical form
	root    string   // path of the API's /api/
	rawRoot string   // the same, escaped
	reverse httputil.ReverseProxy

	underWay rooms

	forwardedHost, forwardedProto []string // shared by all requests, never written
}

// New returns a Proxy, or all that is wrong with cfg.
func New(cfg Config) (*Proxy, error) {
	extra, err := forwardable(cfg.ForwardHeaders)
	if err := errors.Join(checkBackend(cfg.Backend), err); err != nil {
		return nil, err
	}
	p := &Proxy{
		cfg:     cfg,
		allowed: append(RequestHeaders(), extra...),
		root:    strings.TrimSuffix(cfg.Backend.Path, "/") + apiRoot,
		rawRoot: strings.TrimSuffix(rawPath(cfg.Backend), "/") + apiRoot,

		underWay: newUnderWay(cfg.MaxRequests),

		forwardedHost:  []string{cfg.Public.Host},
		forwardedProto: []string{cfg.Public.Scheme},
	}
	p.reverse = httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		Transport:      newUpstream(cfg.Transport, cfg.Timeout),
		ModifyResponse: p.modify,
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			exchangeOf(r.Context()).failure = err
		},
		FlushInterval: flushAfter,
		BufferPool:    &buffers{},
		ErrorLog:      log.New(io.Discard, "", 0), // errors go into the request's own log record
	}
	return p, nil
}

func checkBackend(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.Opaque != "":
		return errors.New("the backend must be an http or https URL with a host")
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return errors.New("the backend URL must have no user, query or fragment")
	}
	if u.Path != "" {
		if err := web.CheckPath(&http.Request{URL: u}); err != nil {
			return fmt.Errorf("the backend URL is ambiguous: %w", err)
		}
	}
	return nil
}

// Serve answers one request below /api/proxy/. It is a web.HandlerFunc: a
// refusal or failure is returned as an error, for the caller to answer;
// context.Canceled, when there is nobody to answer. When an answer has broken
// off it panics with http.ErrAbortHandler.
func (p *Proxy) Serve(w http.ResponseWriter, r *http.Request) error {
	if err := admit(r); err != nil {
		return err
	}
	upgrade := isWebSocket(r)
	if upgrade && !p.cfg.AllowUpgrade(r) {
		return errOrigin
	}
	checked := time.Now()
	grant, err := p.cfg.Authorize(r)
	if err != nil {
		return err
	}
	places, err := p.begins(r, grant.User)
	if err != nil {
		return err
	}
	defer places.end()
	if limit := p.cfg.BodyLimit; limit > 0 && r.ContentLength > limit {
		return web.BodyTooLarge(limit)
	}
	place := &streamPlace{enter: grant.Stream}
	defer place.give()
	if upgrade || asksForStream(r) {
		if err := place.take(); err != nil {
			return err
		}
	}
	lease, release := grant.Lease(r.Context())
	defer release()
	x := p.begin(w, r, lease)
	x.bearer, x.expired, x.upgrade = grant.Bearer, grant.Expired, upgrade
	x.confirm, x.checked = grant.Confirm, checked
	x.places, x.place = places, place
	defer x.end()
	p.reverse.ServeHTTP(&x.answer, x.request())
	err = x.outcome()
	x.answered = true
	return err
}
