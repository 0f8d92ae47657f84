package daemon

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"vestibule/bff/route"
	"vestibule/internal/jose"
	"vestibule/internal/settings"
	"vestibule/internal/web"
)

// announce logs the address of each surface and warns about risky settings. On a
// terminal it also prints a welcome text.
func announce(stdout io.Writer, c *settings.Settings, at *listeners, log *slog.Logger) {
	for _, s := range at.all() {
		log.Info("listening", "surface", s.surface, "setting", s.setting, "address", s.addr().String())
	}
	warn(c, at, log)
	tellAPI(c, at, log)
	for _, name := range c.IgnoredVariables {
		log.Warn("the database driver does not support this variable: it has no effect", "setting", name)
	}
	if isTerminal(stdout) {
		fmt.Fprint(stdout, welcome(c, at))
	}
}

// warn logs warnings about valid settings with risky or surprising effects.
func warn(c *settings.Settings, at *listeners, log *slog.Logger) {
	warnPublic(at.admin, "the admin server, which answers anybody with metrics and lets them change the log level, listens at an address of the internet: use a loopback host or a private address, or let a firewall admit only Prometheus and probes", log)
	if at.bff == nil {
		return
	}
	if c.BFF.RateLimitOff {
		log.Warn("ANYBODY CAN GUESS PASSWORDS AND REQUEST MAILS WITHOUT LIMIT: use this only for tests and load measurements", "setting", "RATE_LIMIT", "value", "off")
	}
	base := c.BFF.BaseURL
	if c.BFF.Mail.Server == nil && !web.Loopback(base.Hostname()) {
		log.Warn("mails are written to files and not sent: set SMTP_URL", "setting", "MAIL_DIR", "value", c.BFF.Mail.Folder)
	}
	if base.Scheme == "https" && len(c.BFF.TrustedProxies) == 0 {
		log.Warn("all clients have the address of the proxy that terminates TLS, so 100 wrong passwords from anywhere block sign-in for all users: set TRUSTED_PROXIES to the address of the proxy", "setting", "TRUSTED_PROXIES", "value", "")
	}
	if base.Scheme == "http" && !web.Loopback(base.Hostname()) {
		log.Warn("passwords and session cookies cross the network unencrypted: use an https BASE_URL", "setting", "BASE_URL", "value", base.String())
	}
	host, port, err := net.SplitHostPort(at.bff.addr().String())
	if err == nil && web.Loopback(base.Hostname()) && web.Loopback(host) && port != base.Port() {
		log.Warn("BASE_URL has another port than the BFF, so browsers that open the BFF at its own address are refused", "setting", "BASE_URL", "value", base.String(), "address", at.bff.url())
	}
	warnRoutes(c, log)
	warnPublic(at.forwardAuth, "forward auth, whose answers have tokens, listens at an address of the internet: use a loopback host or a private address, or let a firewall admit only the proxy that asks", log)
}

// warnPublic logs the warning if the server, which may be nil, listens at an address of the internet.
func warnPublic(s *server, warning string, log *slog.Logger) {
	if s == nil {
		return
	}
	if listens, err := netip.ParseAddrPort(s.addr().String()); err == nil {
		if public, is := web.PublicAddr(listens.Addr()); is {
			log.Warn(warning, "setting", s.setting, "address", public.String())
		}
	}
}

// warnRoutes warns about routes that do not protect what they seem to.
func warnRoutes(c *settings.Settings, log *slog.Logger) {
	byDefault := slices.ContainsFunc(c.BFF.Routes, func(r route.Route) bool { return r.Upstream == nil })
	if len(c.BFF.Routes.Audiences()) > 1 && c.BFF.JWTAlgorithm == jose.HS256 {
		log.Warn("with HS256 each API that verifies tokens has the secret, and can make tokens for all other APIs: set JWT_ALGORITHM to EdDSA or ES256 if the APIs do not trust each other", "setting", "JWT_ALGORITHM", "value", jose.HS256)
	}
	for _, shared := range c.BFF.Routes.SharedAudiences(c.BFF.Backend) {
		log.Warn(shared.Problem()+": "+route.SharedCure, "setting", "ROUTES", "audience", shared.Audience)
	}
	if len(c.BFF.Routes) > 0 && !byDefault && c.NetworkAPI {
		log.Warn("no route leads to BACKEND_URL, because each has an upstream: it has no effect", "setting", "BACKEND_URL", "value", c.BFF.Backend.String())
	}
}

// tellAPI says whether vestibule serve runs the task API if browsers reach other APIs.
func tellAPI(c *settings.Settings, at *listeners, log *slog.Logger) {
	if !c.ForeignAPI {
		return
	}
	setting, value := "BACKEND_URL", c.BFF.Backend.String()
	if n := len(c.BFF.Routes); n > 0 {
		setting, value = "ROUTES", strconv.Itoa(n)+" routes"
	}
	if at.api != nil {
		log.Info("the task API runs too, because API_ADDR is set, but browsers reach other APIs", "setting", setting, "value", value)
		return
	}
	log.Info("the task API does not run, because browsers reach other APIs", "setting", setting, "value", value)
	if c.BFF.WebDir == "" && c.BFF.WebDevURL == nil {
		log.Info("the embedded app is made for the task API: serve your own with WEB_DIR or WEB_DEV_URL", "setting", "WEB_DIR", "value", "")
	}
	for _, name := range c.Unread {
		log.Warn("only the task API reads this setting, and it does not run: it has no effect", "setting", name)
	}
}

// welcome returns the welcome text for a terminal.
func welcome(c *settings.Settings, at *listeners) string {
	var b strings.Builder
	fmt.Fprintln(&b, "\n  Vestibule is running. Ctrl-C stops it.")
	fmt.Fprintln(&b)
	if at.bff != nil {
		fmt.Fprintf(&b, "    BFF    %-24s for browsers\n", c.BFF.BaseURL)
	}
	if at.forwardAuth != nil {
		fmt.Fprintf(&b, "    auth   %-24s /verify, for the proxy in front of your applications\n", at.forwardAuth.url())
	}
	if at.api != nil {
		fmt.Fprintf(&b, "    API    %-24s for services, with a bearer token\n", at.api.url())
	}
	routes := len(c.BFF.Routes)
	switch {
	case at.bff == nil:
	case routes > 0:
		fmt.Fprintf(&b, "    routes %-24d vestibule routes prints them\n", routes)
	case c.ForeignAPI && at.api == nil:
		fmt.Fprintf(&b, "    API    %-24s your own, behind /api/proxy/\n", c.BFF.Backend)
	}
	fmt.Fprintf(&b, "    admin  %-24s /livez, /readyz and /healthz\n\n", at.admin.url())
	if at.bff != nil {
		path := "proxy/me/tasks"
		switch {
		case routes > 0:
			path = "auth/session"
		case c.ForeignAPI:
			path = "proxy/whoami   # " + c.BFF.Backend.String() + "/api/whoami"
		}
		fmt.Fprintf(&b, `  Open %s in a browser, or try it here:

    curl -c cookies.txt %[1]s/api/auth/signup \
      -H 'Content-Type: application/json' \
      -d '{"email":"ada@example.com","password":"correct horse battery staple"}'
    curl -b cookies.txt %[1]s/api/%[2]s

`, c.BFF.BaseURL, path)
	} else {
		fmt.Fprintf(&b, "  Try it:\n\n    curl %s/\n\n", at.api.url())
	}
	return b.String()
}
