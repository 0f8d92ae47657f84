package settings

import (
	"fmt"
	"net/url"
	"unicode/utf8"

	"vestibule/bff/frontend"
	"vestibule/internal/web"
)

// webDir reads WEB_DIR, the folder that holds the built app.
func (c *checker) webDir(v string) string {
	if m := unexpanded(v, "/srv/app/dist"); m != nil {
		c.refuse(v, *m)
	} else if err := frontend.CheckFolder(v); err != nil {
		c.refuse(v, mistake{err.Error(), "build the app first, then name the folder that the build writes, like dist"})
	}
	return v
}

// webDevURL reads WEB_DEV_URL, the address of a dev server.
func (c *checker) webDevURL(v string) *url.URL {
	u := c.httpURL(v, "http://localhost:5173")
	if u != nil && (u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery) {
		c.refuse(v, mistake{"has more than scheme, host and port", "write " + u.Scheme + "://" + u.Host})
	}
	return u
}

// longestName is the maximum length of APP_NAME, in code points: it is part of the subjects of mails.
const longestName = 40

// appName reads APP_NAME.
func (c *checker) appName(v string) string {
	if c.text(v); utf8.RuneCountInString(v) > longestName {
		c.refuse(v, mistake{fmt.Sprintf("has more than %d characters", longestName), "choose a shorter name"})
	}
	return v
}

// app refuses two sources of the app, and a dev server that others can reach: a dev
// server serves its source code and files of the machine to every client.
func (c *checker) app() {
	if !c.valid("BASE_URL", "WEB_DIR", "WEB_DEV_URL") || !c.given("WEB_DEV_URL") {
		return
	}
	switch dev, base := c.BFF.WebDevURL, c.BFF.BaseURL; {
	case c.given("WEB_DIR"):
		c.conflict("WEB_DEV_URL", mistake{"cannot be combined with WEB_DIR", "unset one of them"})
	case !web.Loopback(base.Hostname()):
		c.conflict("WEB_DEV_URL", mistake{"would expose a dev server to everybody who can reach BASE_URL", "build the app and set WEB_DIR; WEB_DEV_URL needs a BASE_URL on this machine"})
	case dev.Scheme+"://"+dev.Host == base.Scheme+"://"+base.Host:
		c.conflict("WEB_DEV_URL", mistake{"is BASE_URL: the BFF would call itself", "name the dev server, like http://localhost:5173"})
	}
}
