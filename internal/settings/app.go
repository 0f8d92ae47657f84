package settings

import (
	"net/url"

	"vestibule/bff/frontend"
	"vestibule/internal/web"
)

// webDir reads the folder of a team's build.
func (c *checker) webDir(v string) string {
	if m := unexpanded(v, "/srv/app/dist"); m != nil {
		c.refuse(v, *m)
	} else if err := frontend.CheckFolder(v); err != nil {
		c.refuse(v, mistake{err.Error(), "name the folder that the build writes, like dist, once it is built"})
	}
	return v
}

// webDevURL reads where a dev server listens.
func (c *checker) webDevURL(v string) *url.URL {
	u := c.httpURL(v, "http://localhost:5173")
	if u != nil && (u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery) {
		c.refuse(v, mistake{"has more than scheme, host and port", "write " + u.Scheme + "://" + u.Host})
	}
	return u
}

// app refuses two apps in one place, and a dev server where strangers come by: it
// shows its sources and the machine's files to whoever asks.
func (c *checker) app() {
	if !c.valid("BASE_URL", "WEB_DIR", "WEB_DEV_URL") || !c.given("WEB_DEV_URL") {
		return
	}
	switch dev, base := c.BFF.WebDevURL, c.BFF.BaseURL; {
	case c.given("WEB_DIR"):
		c.conflict("WEB_DEV_URL", mistake{"cannot be combined with WEB_DIR: the app comes from one of them", "unset one of them"})
	case !web.Loopback(base.Hostname()):
		c.conflict("WEB_DEV_URL", mistake{"would show a dev server to everybody who reaches BASE_URL", "build the app and set WEB_DIR; WEB_DEV_URL is for a BASE_URL on this machine"})
	case dev.Scheme+"://"+dev.Host == base.Scheme+"://"+base.Host:
		c.conflict("WEB_DEV_URL", mistake{"is BASE_URL: the BFF would call itself", "name the dev server, like http://localhost:5173"})
	}
}
