package bff_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// change is one database with instances of each step of a change of the secret.
type change struct {
	*site                          // the old secret alone
	first, second, third *site     // the steps
	meanwhile            afterCall // done by the API before it answers
}

type afterCall = atomic.Pointer[func()]

var oldKey, newKey = []byte(strings.Repeat("s", 32)), []byte(strings.Repeat("n", 32))

func eachChange(t *testing.T, test func(*change)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		c := &change{}
		api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) {
			if do := c.meanwhile.Swap(nil); do != nil {
				(*do)()
			}
		}))
		t.Cleanup(api.Close)
		var cfg bff.Config
		c.site = newIdleSite(t, db, func(own *bff.Config) {
			backend, err := url.Parse(api.URL)
			if err != nil {
				t.Fatal(err)
			}
			own.Backend = backend
			cfg = *own
		})
		with := func(secret []byte, previous ...[]byte) *site {
			cfg.Secret, cfg.PreviousSecrets = secret, previous
			return c.watchClock(cfg, func() {})
		}
		c.first, c.second, c.third = with(oldKey, newKey), with(newKey, oldKey), with(newKey)
		test(c)
	})
}

// newCookie signs in anew and returns the Cookie header.
func (c *change) newCookie() string {
	c.t.Helper()
	v := c.visitor()
	v.signIn("ada@example.com", own)
	return v.cookieHeader()
}

// ask sends a request with this Cookie header to an instance, as any browser.
func (c *change) ask(at *site, method, path, body, cookie string) answer {
	c.t.Helper()
	v := at.visitor()
	return v.want(v.do(method, path, body, "Cookie", cookie), 200, "")
}

// opens reports whether a Set-Cookie or Cookie line opens a session at an instance.
func (c *change) opens(at *site, line string) bool {
	c.t.Helper()
	cookie, _, _ := strings.Cut(line, ";")
	v := at.visitor()
	return v.do("GET", "/api/proxy/x", "", "Cookie", cookie).status == 200
}

// TestEveryRequestOfAUserSignsTheCookieAgain: an app may use any part of the BFF and never ask
// for the session. The last step signs nobody out who was there in the second.
func TestEveryRequestOfAUserSignsTheCookieAgain(t *testing.T) {
	t.Parallel()
	eachChange(t, func(c *change) {
		c.visitor().signUp("ada@example.com")
		for _, r := range [][3]string{
			{"GET", "/api/proxy/x", ""}, {"HEAD", "/api/proxy/x", ""}, {"POST", "/api/proxy/x", "{}"},
			{"GET", "/api/auth/list-sessions", ""}, {"HEAD", "/api/auth/list-sessions", ""}, {"GET", "/api/auth/list-accounts", ""},
			{"POST", "/api/auth/update-user", `{"name":"Ada"}`},
			{"POST", "/api/auth/verify-password", `{"password":"` + own + `"}`},
			{"POST", "/api/auth/revoke-session", `{"token":"ses_nobody"}`},
			{"POST", "/api/auth/revoke-other-sessions", `{}`},
			{"POST", "/api/auth/change-password", `{"currentPassword":"` + own + `","newPassword":"` + own + `"}`},
			{"GET", "/api/auth/get-session", ""}, {"GET", "/api/auth/get-session?disableRefresh=true", ""},
		} {
			cookie := c.newCookie()
			if c.opens(c.third, cookie) {
				c.t.Fatal("the third step accepts the old secret")
			}
			line := cookieLine(c.t, c.ask(c.second, r[0], r[1], r[2], cookie))
			if !c.opens(c.third, line) || !strings.Contains(line, "; Max-Age=604800; HttpOnly; SameSite=Lax") {
				c.t.Errorf("%s %s: got cookie %q, want one of the new secret", r[0], r[1], line)
			}
			cookie, _, _ = strings.Cut(line, ";")
			c.clock.Advance(time.Second)
			if line := cookieLine(c.t, c.ask(c.second, "GET", "/api/proxy/x", "", cookie)); line != "" {
				c.t.Errorf("%s %s: got cookie %q for one of the new secret, want none", r[0], r[1], line)
			}
		}
		ends := c.ask(c.second, "POST", "/api/auth/revoke-sessions", "{}", c.newCookie())
		if line := cookieLine(c.t, ends); !strings.Contains(line, "Max-Age=0") {
			c.t.Errorf("got cookie %q after the end of the session, want it cleared", line)
		}
	})
}

// TestAnAnswerThatComesTooLateSignsNoCookieAgain: the browser may have a newer cookie, and the
// session may have ended.
func TestAnAnswerThatComesTooLateSignsNoCookieAgain(t *testing.T) {
	t.Parallel()
	eachChange(t, func(c *change) {
		c.visitor().signUp("ada@example.com")
		for name, meanwhile := range map[string]func(cookie string){
			"nothing": func(string) {},
			"time":    func(string) { c.clock.Advance(4 * time.Second) },
			"a sign-in of the browser": func(cookie string) {
				c.ask(c.first, "POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"`+own+`"}`, cookie)
			},
			"a sign-out": func(cookie string) { c.ask(c.first, "POST", "/api/auth/sign-out", "{}", cookie) },
		} {
			cookie := c.newCookie()
			do := func() { meanwhile(cookie) }
			c.meanwhile.Store(&do)
			if line := cookieLine(c.t, c.ask(c.second, "GET", "/api/proxy/x", "", cookie)); (line != "") != (name == "nothing") {
				c.t.Errorf("%s happened meanwhile: got cookie %q", name, line)
			}
		}
		undo := c.second.server.InterruptVerify(func() { c.clock.Advance(4 * time.Second) })
		defer undo()
		if line := cookieLine(c.t, c.ask(c.second, "POST", "/api/auth/verify-password", `{"password":"`+own+`"}`, c.newCookie())); line != "" {
			c.t.Errorf("verify-password took long: got cookie %q, want none", line)
		}
	})
}

// slowBody calls slow when it is read.
type slowBody struct {
	io.Reader
	slow func()
}

func (b slowBody) Read(p []byte) (int, error) {
	b.slow()
	return b.Reader.Read(p)
}

// TestASlowBodySignsNoCookieAgain: the time counts from the first check of the session, before
// the body. The client sends the body when the server asks for it.
func TestASlowBodySignsNoCookieAgain(t *testing.T) {
	t.Parallel()
	eachChange(t, func(c *change) {
		c.visitor().signUp("ada@example.com")
		for _, late := range []bool{false, true} {
			body := slowBody{strings.NewReader(`{"name":"Ada"}`), sync.OnceFunc(func() {
				if late {
					c.clock.Advance(4 * time.Second)
				}
			})}
			r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.second.url+"/api/auth/update-user", body)
			if err != nil {
				c.t.Fatal(err)
			}
			r.Header = http.Header{"Cookie": {c.newCookie()}, "Content-Type": {"application/json"}, "Expect": {"100-continue"}}
			v := c.second.visitor()
			v.client.Transport = &http.Transport{ExpectContinueTimeout: waittest.Patience, DisableKeepAlives: true}
			if line := cookieLine(c.t, v.want(v.send(r), 200, "")); (line == "") != late {
				c.t.Errorf("late %t: got cookie %q", late, line)
			}
		}
	})
}

// TestAnOutageFailsNoRequestForACookie: the database goes away while the API works.
func TestAnOutageFailsNoRequestForACookie(t *testing.T) {
	t.Parallel()
	eachChange(t, func(c *change) {
		c.visitor().signUp("ada@example.com")
		do := func() {
			if err := c.db.Close(); err != nil {
				c.t.Error(err)
			}
		}
		cookie := c.newCookie()
		c.meanwhile.Store(&do)
		if line := cookieLine(c.t, c.ask(c.second, "GET", "/api/proxy/x", "", cookie)); line != "" {
			c.t.Errorf("got cookie %q, want none", line)
		}
	})
}

// TestInstancesOfTwoStepsAcceptEachOthersCookies: while the instances take the second step one
// by one, or go back, a browser that meets both keeps its session.
func TestInstancesOfTwoStepsAcceptEachOthersCookies(t *testing.T) {
	t.Parallel()
	eachChange(t, func(c *change) {
		c.visitor().signUp("ada@example.com")
		cookie, changes := c.newCookie(), 0
		for range 20 {
			for _, at := range []*site{c.first, c.second} {
				if line := cookieLine(c.t, c.ask(at, "GET", "/api/proxy/x", "", cookie)); line != "" {
					cookie, _, _ = strings.Cut(line, ";")
					changes++
				}
			}
		}
		if changes != 2 {
			c.t.Errorf("got %d cookies within a second, want one of each instance", changes)
		}
		c.clock.Advance(time.Second)
		for _, at := range []*site{c.second, c.first} { // the last one goes back
			line := cookieLine(c.t, c.ask(at, "GET", "/api/proxy/x", "", cookie))
			if line != "" {
				cookie, _, _ = strings.Cut(line, ";")
			}
		}
		if !c.opens(c.site, cookie) || c.opens(c.third, cookie) {
			c.t.Errorf("got cookie %q after a change that was taken back, want one of the old secret", cookie)
		}
	})
}
