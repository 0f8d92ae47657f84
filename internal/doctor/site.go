package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"vestibule/internal/web"
)

// Site is a running installation, as its browsers and the proxy in front of it see it. The rules
// of its checks:
//
//   - They need no account and leave nothing behind. No password is tried, so nobody is locked
//     out. Requests that could change something come from a foreign origin and are refused, or
//     sign out without a session.
//   - The cookie of a session, if there is one, is sent to nothing but the site, and only over a
//     connection that nobody can read.
//   - A finding is something that was seen. An answer that is not understood is none: other
//     APIs, other routes and firewalls are legitimate.
type Site struct {
	URL       *url.URL // scheme, host and port only
	Cookie    string   // the header Cookie of a session; "": without one
	BodyLimit int64    // PROXY_BODY_LIMIT, in bytes

	// Ports are those of addresses that must not be reachable, by the setting.
	Ports map[string]string

	// For tests. nil and 0: what everybody uses.
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	roots  *x509.CertPool
	quiet  time.Duration // how long an event stream may keep its first event

	transport *http.Transport

	// What earlier checks have found.
	unsafe atomic.Bool              // there is no connection that nobody can read
	found  atomic.Pointer[metadata] // nil: it is not known to be ours
	routed atomic.Bool              // the usual path of the proxy asks for a session
	member atomic.Bool              // the cookie is that of a session
}

// metadata is what we read of the discovery document.
type metadata struct {
	Issuer string `json:"issuer"`
	Keys   string `json:"jwks_uri"`
}

// The things to look at that are not settings.
const (
	proxyInFront = "the proxy in front"
	givenURL     = "the URL"
)

// probePath is a path of the proxy that no API needs. Without a session it is refused.
const probePath = "/api/proxy/vestibule-doctor"

// strangeOrigin is an origin that nobody can have (RFC 6761 §6.4).
const strangeOrigin = "https://vestibule-doctor.invalid"

// FromOutside returns the checks of a site. Close must be called after them.
func FromOutside(s *Site) (checks []Check, closeAll func()) {
	s.prepare()
	add := func(name, setting string, run func(context.Context) []Result) {
		checks = append(checks, Check{name, setting, run})
	}
	if s.URL.Scheme == "https" {
		add("certificate", givenURL, s.certificate)
	}
	add("address", givenURL, s.address)
	for _, c := range []struct {
		name string
		run  func(context.Context) []Result
	}{
		{"plain http", s.plainHTTP}, {"origin", s.origins}, {"methods", s.methods}, {"cookies", s.cookies}, {"redirects", s.redirects},
		{"errors", s.errorAnswers}, {"headers", s.headers}, {"caches", s.caches}, {"etags", s.etags}, {"paths", s.paths},
		{"websockets", s.webSockets}, {"bodies", s.bodies}, {"clients", s.clients}, {"ports", s.ports}, {"internals", s.internals},
		{"clock", s.clock}, {"keys", s.keys},
	} {
		add(c.name, proxyInFront, s.ifOurs(c.run))
	}
	if s.Cookie != "" {
		add("session", cookieFile, s.ifOurs(s.session))
		add("api", "BACKEND_URL", s.ifMember(s.api))
		add("streams", proxyInFront, s.ifMember(s.streams))
	}
	return checks, s.transport.CloseIdleConnections
}

func (s *Site) prepare() {
	dialer := &net.Dialer{Timeout: askLimit}
	if s.dial == nil {
		s.dial = dialer.DialContext
	}
	if s.lookup == nil {
		s.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	http1 := new(http.Protocols) // an upgrade needs it, and the other checks do not need HTTP/2
	http1.SetHTTP1(true)
	s.transport = &http.Transport{
		DialContext:           s.dial,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.roots},
		Protocols:             http1,
		DisableCompression:    true,
		ExpectContinueTimeout: time.Second,
	}
}

// ifOurs returns a check that needs a site that is known to be ours. The check of the address
// has said it if it is not.
func (s *Site) ifOurs(run func(context.Context) []Result) func(context.Context) []Result {
	return onlyIf(func() bool { return s.found.Load() != nil }, run)
}

// ifMember returns a check that needs a session.
func (s *Site) ifMember(run func(context.Context) []Result) func(context.Context) []Result {
	return onlyIf(s.member.Load, run)
}

func onlyIf(needed func() bool, run func(context.Context) []Result) func(context.Context) []Result {
	return func(ctx context.Context) []Result {
		if !needed() {
			return nil
		}
		return run(ctx)
	}
}

// origin returns the origin as browsers show it.
func (s *Site) origin() string { return s.URL.Scheme + "://" + s.URL.Host }

// matches reports whether BASE_URL is what browsers show.
func (s *Site) matches() bool { return s.found.Load().Issuer == s.origin() }

// claimsHTTPS reports whether BASE_URL is https.
func (s *Site) claimsHTTPS() bool { return strings.HasPrefix(s.found.Load().Issuer, "https://") }

// local reports whether the site is on this machine, as on a developer's.
func (s *Site) local() bool { return web.Loopback(s.URL.Hostname()) }

// certificate checks that browsers accept the certificate, and for how long.
func (s *Site) certificate(ctx context.Context) []Result {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	conn, err := s.dial(ctx, "tcp", withPort(s.URL))
	if err != nil {
		return nil // the check of the address says it
	}
	defer conn.Close()
	secured := tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.URL.Hostname(), RootCAs: s.roots})
	if err := secured.HandshakeContext(ctx); err != nil {
		s.unsafe.Store(true)
		if wrong, is := errors.AsType[*tls.CertificateVerificationError](err); is {
			return failure(proxyInFront, "has a certificate that browsers refuse ("+heard(reason(wrong.Err))+"), so nothing else was checked",
				"install one for "+s.URL.Hostname()+" with all intermediate certificates; for an authority of your own, name its file in SSL_CERT_FILE here")
		}
		return failure(proxyInFront, "does not speak TLS there ("+heard(reason(err))+"), so nothing else was checked", "check the certificate, the port and the scheme of the URL")
	}
	leaf := secured.ConnectionState().PeerCertificates[0]
	left := time.Until(leaf.NotAfter)
	// What renews certificates by itself does it earlier, also for those that live a few days.
	if soon := min(14*24*time.Hour, leaf.NotAfter.Sub(leaf.NotBefore)/6); left < soon {
		return warning(proxyInFront, "has a certificate that ends at "+clock(leaf.NotAfter)+" and was not renewed in time", "renew it, and look why that does not happen by itself")
	}
	return ok("the certificate is valid until %s", clock(leaf.NotAfter))
}

// withPort returns the host and port of a URL.
func withPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	port := "80"
	if u.Scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// address checks that the site is ours, and that BASE_URL is what browsers show.
func (s *Site) address(ctx context.Context) []Result {
	if s.unsafe.Load() {
		return nil // the check of the certificate has said it
	}
	const path = "/.well-known/oauth-authorization-server"
	a, err := s.get(ctx, path)
	if err != nil {
		return failure(givenURL, "does not answer ("+heard(reason(err))+"), so nothing else was checked", "start Vestibule and the proxy in front, or correct the URL")
	}
	if to, err := url.Parse(a.header.Get("Location")); err == nil && a.status/100 == 3 && to.Host != "" {
		return failure(givenURL, "redirects to "+heard(to.Scheme+"://"+to.Host)+", so nothing else was checked", "give the URL that browsers show in the end")
	}
	var m metadata
	if a.status != http.StatusOK || json.Unmarshal(a.body, &m) != nil || m.Issuer == "" {
		return failure(givenURL, fmt.Sprintf("does not lead to Vestibule (status %d at %s), so nothing else was checked", a.status, path),
			"let the proxy in front pass all paths on to BFF_ADDR, or correct the URL")
	}
	s.found.Store(&m)
	if a, err := s.get(ctx, probePath); err == nil && a.code() == "NO_SESSION" {
		s.routed.Store(true)
	}
	return s.compareBase(m.Issuer)
}

func (s *Site) compareBase(base string) []Result {
	const setting = "BASE_URL"
	is, err := url.Parse(base)
	if err != nil {
		return failure(setting, "is not known: the proxy in front changes the answer", "let it pass answers on as they are")
	}
	cure := "set BASE_URL to " + s.origin() + ", or give the URL that browsers show"
	shown := "is " + heard(base) + ", and browsers show " + s.origin()
	switch {
	case base == s.origin() && is.Scheme == "http" && !s.local():
		return warning(setting, "is http, so passwords and session cookies cross the network unencrypted", "serve it over https, and set BASE_URL to the https origin")
	case base == s.origin():
		return ok("BASE_URL is what browsers show")
	case is.Host == s.URL.Host && is.Scheme == "https":
		return failure(setting, "claims https, and "+s.origin()+" answers without it: browsers drop Secure cookies there, so nobody can sign in", "let the proxy in front redirect http to https")
	case is.Host == s.URL.Host:
		return failure(setting, shown+": cookies lack Secure and __Host-, and requests of the own pages are refused", cure)
	}
	return failure(setting, shown+": requests of the own pages are refused (INVALID_ORIGIN), and mails lead elsewhere", cure)
}
