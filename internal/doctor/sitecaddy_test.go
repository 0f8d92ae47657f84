package doctor

import (
	"testing"

	"vestibule/internal/caddytest"
	"vestibule/internal/settings"
)

// TestAHealthySiteOnThisMachineHasNoFinding, as on a developer's machine: plain http, and the
// internal addresses can be reached.
func TestAHealthySiteOnThisMachineHasNoFinding(t *testing.T) {
	t.Parallel()
	address := freeAddr(t)
	r := serve(t, "http://"+address, settings.Environment{"BFF_ADDR": address, "TRUSTED_PROXIES": "", "JWT_ALGORITHM": "HS256"})
	s := r.site(t, nil)
	s.dial, s.lookup, s.Cookie = nil, nil, ""
	wantGood(t, fromOutside(t, s))
}

// TestFaultsBehindCaddyAreFound, each alone, and nothing is found without one.
func TestFaultsBehindCaddyAreFound(t *testing.T) {
	t.Parallel()
	r := serve(t, "http://app.localhost", nil)
	proxy := "reverse_proxy " + r.at["BFF_ADDR"]
	for name, f := range map[string]struct {
		site          string // directives; "": the proxy alone
		check         string // "": nothing is found
		state         State
		setting, text string
	}{
		"nothing":                   {},
		"a wrong clock":             {proxy + " {\nheader_down Date \"Thu, 01 Jan 2026 00:00:00 GMT\"\n}", "clock", Warning, givenURL, "differs by"},
		"compression":               {caddytest.Compression + caddytest.TagsOfNewer + proxy + " {\nheader_up -Accept-Encoding\n}", "etags", Warning, proxyInFront, `"x-gzip"`},
		"no security headers":       {proxy + " {\nheader_down -Referrer-Policy\n}", "headers", Warning, proxyInFront, "Referrer-Policy"},
		"no Origin":                 {proxy + " {\nheader_up -Origin\n}", "origin", Failure, proxyInFront, "removes or replaces"},
		"a cookie without SameSite": {proxy + " {\nheader_down Set-Cookie SameSite=Lax Site=any\n}", "cookies", Failure, proxyInFront, "no SameSite"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if f.site == "" {
				f.site = proxy
			}
			front := caddytest.Start(t, f.site)
			s := r.site(t, map[string]string{"80": front[len("http://"):]})
			got := bad(fromOutside(t, s))
			if f.check == "" {
				if len(got) > 0 {
					t.Errorf("got %s, want nothing", describe(got))
				}
				return
			}
			wantOne(t, got, f.check, f.state, f.setting, f.text)
			if len(got) != 1 {
				t.Errorf("got %s, want nothing else", describe(got))
			}
		})
	}
}
