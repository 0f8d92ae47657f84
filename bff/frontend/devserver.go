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

// The rules for a dev server. It runs any packages that a team has installed, so it is not
// trusted with the session:
//
//   - It gets no Cookie and no Authorization, because they would give it the session.
//   - It cannot set cookies or other headers that affect the whole origin, such as CORS.
//   - Only our own origin may read its sources. Script tags of other sites may not, nor
//     a host name that somebody points at this machine (DNS rebinding), which the dev
//     server itself cannot detect behind this proxy.
//   - Only our own origin may open a WebSocket. Vite's WebSocket tells every connected
//     page what has changed.

// devServer forwards requests to a dev server.
type devServer struct {
	url    *url.URL
	origin string
	proxy  *httputil.ReverseProxy
}

// devTimeout is how long a dev server may take to send the header of an answer. Vite
// bundles a project's dependencies before its first answer.
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
		ModifyResponse: d.modifyResponse,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			w = w.(*devAnswer).ResponseWriter
			web.Fail(w, r, d.down(err), d.writeDown(cfg.Errors))
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

// ownHost accepts our origin's host, IP addresses and localhost names. An attacker's DNS
// cannot make any of them point to this server.
func (d *devServer) ownHost(hostport string) bool {
	if strings.HasSuffix(d.origin, "://"+hostport) {
		return true
	}
	host := (&url.URL{Host: hostport}).Hostname()
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// devAnswer keeps the header of the dev server's answer separate from ours until the final
// status, because ReverseProxy clears the header that it writes to after each interim answer.
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

// rewrite builds the request for the dev server. Host and Origin name the dev server's own
// address, because it checks both.
func (d *devServer) rewrite(p *httputil.ProxyRequest) {
	p.SetURL(d.url)
	for _, name := range []string{"Cookie", "Authorization"} { // ReverseProxy has removed Proxy-Authorization
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

// originHeaders are headers that would affect the whole origin or replace ours.
var originHeaders = []string{
	"Set-Cookie", "Set-Cookie2", "Set-Login", "Use-As-Dictionary", "Content-Security-Policy", "Content-Security-Policy-Report-Only", "Referrer-Policy",
	"X-Content-Type-Options", web.ResourcePolicy, "Strict-Transport-Security", "Clear-Site-Data", "Alt-Svc", "Nel", "Report-To", "Reporting-Endpoints",
	web.RequestIDHeader,
}

func (d *devServer) modifyResponse(res *http.Response) error {
	for name := range res.Header {
		if strings.HasPrefix(name, "Access-Control-") || strings.HasPrefix(name, "Secure-Session-") || strings.HasPrefix(name, "Sec-Session-") {
			res.Header.Del(name)
		}
	}
	for _, name := range originHeaders {
		res.Header.Del(name)
	}
	// Redirects to the dev server become redirects to us; others pass unchanged.
	if to, err := url.Parse(res.Header.Get("Location")); err == nil && to.Host == d.url.Host {
		to.Scheme, to.Host = "", ""
		res.Header.Set("Location", to.String())
	}
	return nil
}

// down returns the error for a dev server that does not answer.
func (d *devServer) down(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return web.Refuse(http.StatusBadGateway, "DEV_SERVER_UNAVAILABLE",
		"The dev server at "+d.url.String()+" does not answer. Start it (npm run dev), or check WEB_DEV_URL.").Because(err)
}

var downPage = template.Must(template.New("down").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>No dev server</title>
<h1>No dev server</h1><p>{{.}}</p><p>This page tries again every two seconds.</p></html>
`))

// writeDown answers browsers that load a page with a page that reloads until the dev server
// answers. Other requests get the error in the usual form.
func (d *devServer) writeDown(plain web.ErrorWriter) web.ErrorWriter {
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
		_ = downPage.Execute(w, e.Message) // if the write fails, the client is gone
	}
}
