package frontend

import (
	"context"
	"errors"
	"html/template"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"vestibule/internal/web"
)

// The rules before a dev server, which runs whatever packages a team has installed:
//
//   - It gets no cookie and no Authorization: it would hold the session.
//   - It sets no cookie, and says nothing that counts for the whole origin beyond
//     its pages, CORS least of all.
//   - Its sources are for our own origin only: they are not for other sites' script
//     tags, nor for a host name that somebody has pointed at this machine (DNS
//     rebinding), which it could no longer tell from its own.
//   - A WebSocket is opened by our own origin only. Vite's tells every page that
//     may connect what changes.

// devServer passes requests on.
type devServer struct {
	url    *url.URL
	origin string
	proxy  *httputil.ReverseProxy
}

// devTimeout is how long a dev server may take to the header of an answer: Vite bundles
// a project's dependencies before its first one.
const devTimeout = time.Minute

func newDevServer(cfg Config) *devServer {
	d := &devServer{url: cfg.DevURL, origin: cfg.Origin}
	d.proxy = &httputil.ReverseProxy{
		Rewrite:       d.rewrite,
		FlushInterval: -1,
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
			ResponseHeaderTimeout: devTimeout,
			DisableCompression:    true,
			IdleConnTimeout:       4 * time.Second, // Node closes after 5
			MaxIdleConnsPerHost:   32,
		},
		ModifyResponse: d.answered,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			w = w.(*devAnswer).ResponseWriter
			web.Fail(w, r, d.down(err), d.showDown(cfg.Errors))
		},
	}
	return d
}

var errDevOrigin = web.Refuse(http.StatusForbidden, "INVALID_ORIGIN", "Invalid origin: this site may not open a WebSocket here.")

func (d *devServer) serve(w http.ResponseWriter, r *http.Request) error {
	if !d.ownHost(r.Host) {
		return web.Refuse(http.StatusMisdirectedRequest, "MISDIRECTED_REQUEST", "The app is at "+d.origin+", as BASE_URL says.")
	}
	if r.Header.Get("Upgrade") != "" {
		if from := r.Header.Values("Origin"); len(from) != 1 || from[0] != d.origin {
			web.NoteOrigin(r, "BASE_URL")
			return errDevOrigin
		}
	}
	w.Header().Set("Content-Security-Policy", devPolicy)
	d.proxy.ServeHTTP(&devAnswer{ResponseWriter: w, header: http.Header{}}, r)
	return nil
}

// ownHost knows our origin's host, and those that no name server can point elsewhere.
func (d *devServer) ownHost(hostport string) bool {
	if strings.HasSuffix(d.origin, "://"+hostport) {
		return true
	}
	host := (&url.URL{Host: hostport}).Hostname()
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// devAnswer keeps the header of the dev server's answer apart from ours until the status
// is final: ReverseProxy empties the one it has been given after each interim answer.
type devAnswer struct {
	http.ResponseWriter
	header http.Header
}

func (a *devAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *devAnswer) Header() http.Header { return a.header }

func (a *devAnswer) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	h := a.ResponseWriter.Header()
	for name, values := range a.header {
		if name == "Vary" {
			values = append(h["Vary"], values...)
		}
		h[name] = values
	}
	a.ResponseWriter.WriteHeader(status)
}

// rewrite makes the request that the dev server gets. It is its own address that it is
// asked by, as its checks of Host and Origin want.
func (d *devServer) rewrite(p *httputil.ProxyRequest) {
	p.SetURL(d.url)
	for _, name := range []string{"Cookie", "Authorization", "Proxy-Authorization"} {
		p.Out.Header.Del(name)
	}
	if !strings.EqualFold(p.Out.Header.Get("Upgrade"), "websocket") {
		p.Out.Header.Del("Upgrade")
		p.Out.Header.Del("Connection")
	}
	if p.Out.Header.Get("Origin") != "" {
		p.Out.Header.Set("Origin", d.url.Scheme+"://"+d.url.Host)
	}
}

// ofOrigin are headers that would speak for the whole origin, or for us.
var ofOrigin = []string{
	"Set-Cookie", "Set-Cookie2", "Set-Login", "Use-As-Dictionary", "Content-Security-Policy", "Content-Security-Policy-Report-Only", "Referrer-Policy",
	"X-Content-Type-Options", web.ResourcePolicy, "Strict-Transport-Security", "Clear-Site-Data", "Alt-Svc", "Nel", "Report-To", "Reporting-Endpoints",
	web.RequestIDHeader,
}

func (d *devServer) answered(res *http.Response) error {
	for name := range res.Header {
		if strings.HasPrefix(name, "Access-Control-") || strings.HasPrefix(name, "Secure-Session-") || strings.HasPrefix(name, "Sec-Session-") {
			res.Header.Del(name)
		}
	}
	for _, name := range ofOrigin {
		res.Header.Del(name)
	}
	// Redirects to itself are to us; others are shown as they are.
	if to, err := url.Parse(res.Header.Get("Location")); err == nil && to.Host == d.url.Host {
		to.Scheme, to.Host = "", ""
		res.Header.Set("Location", to.String())
	}
	return nil
}

// down is the refusal when the dev server does not answer.
func (d *devServer) down(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return web.Refuse(http.StatusBadGateway, "DEV_SERVER_UNAVAILABLE",
		"The dev server at "+d.url.String()+" does not answer. Start it (npm run dev), or look at WEB_DEV_URL.").Because(err)
}

var downPage = template.Must(template.New("down").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>No dev server</title>
<h1>No dev server</h1><p>{{.}}</p><p>This page asks again every two seconds.</p></html>
`))

// showDown tells people in a page, which goes on when the dev server is there, and
// everything else in the shape of other errors.
func (d *devServer) showDown(plain web.ErrorWriter) web.ErrorWriter {
	return func(w http.ResponseWriter, r *http.Request, e *web.Error) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", web.APIPolicy)
		if r.Header.Get("Sec-Fetch-Mode") != "navigate" && !strings.Contains(r.Header.Get("Accept"), "text/html") {
			plain(w, r, e)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Refresh", "2")
		w.WriteHeader(e.Status)
		_ = downPage.Execute(w, e.Message) // a write that fails has no reader left
	}
}
