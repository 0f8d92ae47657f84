package bff_test

import (
	"strings"
	"testing"

	"vestibule/bff"
	"vestibule/internal/storetest"
)

// TestTheNameOfTheSite: the app and the pages behind links in mails call the site the same.
func TestTheNameOfTheSite(t *testing.T) {
	t.Parallel()
	const dead = "/api/auth/undo-email?token=x"
	for name, tt := range map[string]struct {
		configure  func(c *bff.Config)
		site, page string
	}{
		"the embedded app":             {func(*bff.Config) {}, "Vestibule", "<title>Vestibule</title>"},
		"the embedded app with a name": {func(c *bff.Config) { c.AppName = "Our <Tasks>" }, "Our &lt;Tasks&gt;", "<title>Our &lt;Tasks&gt;</title>"},
		"a team's app":                 {func(c *bff.Config) { c.WebDir = "frontend/testdata/exports/next" }, "", "<title>Home</title>"},
		"a team's app with a name":     {func(c *bff.Config) { c.WebDir, c.AppName = "frontend/testdata/exports/next", "Ours" }, "Ours", "<title>Home</title>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var host string
			v := newSite(t, storetest.SQLite(t), tt.configure, func(c *bff.Config) { host = c.BaseURL.Host }).visitor()
			if tt.site == "" {
				tt.site = host
			}
			v.want(v.do("GET", "/", "", "Accept", "text/html"), 200, tt.page)
			if a := v.want(v.do("GET", dead, "", "Accept", "text/html"), 200, "no longer works"); !strings.Contains(a.body, "<b>"+tt.site+"</b>") {
				t.Errorf("got %s, want the name %s", a.body, tt.site)
			}
		})
	}
}
