package main

import (
	"context"
	"math"
	"net"
	"net/http"
	"os"
	"strings"

	"vestibule/internal/doctor"
	"vestibule/internal/settings"
	"vestibule/internal/web"
)

// checkSite is vestibule doctor URL. It needs no settings. Those that it finds say which limits
// and ports differ from the usual ones; their mistakes do not matter here.
func (p *program) checkSite(ctx context.Context) error {
	if p.given.has("for") {
		return usageError("--for is for the settings, and with a URL they are not checked; leave one of the two out")
	}
	u, err := settings.ParseOrigin(strings.TrimSuffix(p.given.args[0], "/"))
	if err != nil {
		return usageError("the URL " + err.Error())
	}
	c, faults := settings.Examine(settings.ForServe, p.given.flags, p.env)
	for _, f := range faults {
		if _, asked := p.given.flags[settings.Flag(f.Setting)]; asked {
			return settings.Faults{f}
		}
	}
	site := &doctor.Site{URL: u, BodyLimit: c.BFF.ProxyBodyLimit, Ports: map[string]string{}}
	if site.BodyLimit < 0 { // none
		site.BodyLimit = math.MaxInt64
	}
	for name, address := range map[string]string{"ADMIN_ADDR": c.AdminAddr, "API_ADDR": c.APIAddr, "BFF_ADDR": c.BFFAddr, "FORWARD_AUTH_ADDR": c.ForwardAuthAddr} {
		if _, port, err := net.SplitHostPort(address); err == nil {
			site.Ports[name] = port
		}
	}
	if p.given.has("cookie-file") {
		if u.Scheme == "http" && !web.Loopback(u.Hostname()) {
			return usageError("--cookie-file is not used over http: everybody between could read the cookie")
		}
		if site.Cookie, err = readCookie(p.given.options["cookie-file"]); err != nil {
			return err
		}
	}
	checks, closeAll := doctor.FromOutside(site)
	defer closeAll()
	return p.examine(ctx, checks, false)
}

// readCookie reads the header Cookie from a file. Its name may stand before it.
func readCookie(path string) (string, error) {
	content, err := os.ReadFile(path) // #nosec G304 -- the operator names it
	if err != nil {
		return "", refusal("--cookie-file cannot be read (" + settings.OneLine(err.Error()) + ")")
	}
	line := strings.TrimSpace(string(content))
	if name, rest, is := strings.Cut(line, ":"); is && strings.EqualFold(name, "cookie") {
		line = strings.TrimSpace(rest)
	}
	if _, err := http.ParseCookie(line); err != nil { // its text may repeat the cookie
		return "", usageError("--cookie-file has no cookie: write one line, name=value, as the browser sends it")
	}
	return line, nil
}
