package bff_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cookieHeader returns the Cookie header that the visitor's browser sends.
func (v *visitor) cookieHeader() string {
	v.t.Helper()
	r, err := http.NewRequest(http.MethodGet, v.url, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	cookies := v.client.Jar.Cookies(r.URL)
	if len(cookies) != 1 {
		v.t.Fatalf("got cookies %v, want one", cookies)
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

func TestGetSession(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("GET", "/api/auth/session", ""), 200, "null")
		v.signUp("eve@example.com")
		a := v.want(v.do("GET", "/api/auth/get-session", "", "User-Agent", "later"), 200, "")
		if line := cookieLine(s.t, a); line != "" {
			s.t.Errorf("got cookie %q from a session that was not extended", line)
		}
		var got struct {
			Session map[string]any
			User    map[string]any
		}
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			s.t.Fatal(err)
		}
		want := map[string]any{
			"id": got.Session["id"], "token": got.Session["id"], "userId": got.User["id"],
			"createdAt": "2095-02-03T04:05:06.789Z", "updatedAt": "2095-02-03T04:05:06.789Z", "expiresAt": "2095-02-10T04:05:06.789Z",
			"ipAddress": "127.0.0.1", "userAgent": "Go-http-client/1.1",
		}
		if d := cmp.Diff(want, got.Session); d != "" {
			s.t.Error(d)
		}
		if got.User["email"] != "eve@example.com" {
			s.t.Errorf("got user %v", got.User)
		}
	})
}

func TestExtensionReachesTheBrowser(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("flo@example.com")
		s.clock.Advance(25 * time.Hour)
		a := v.want(v.do("GET", "/api/proxy/x", ""), 200, "Bearer ")
		if line := cookieLine(s.t, a); line != "" {
			s.t.Errorf("a proxied request set the cookie %q", line)
		}
		a = v.want(v.do("GET", "/api/auth/session", ""), 200, `"expiresAt":"2095-02-11T05:05:06.789Z"`)
		if line := cookieLine(s.t, a); !strings.Contains(line, "Max-Age=604800") {
			s.t.Errorf("got cookie %q, want it set again in full", line)
		}
		a = v.want(v.do("GET", "/api/auth/session", ""), 200, "flo")
		if line := cookieLine(s.t, a); line != "" {
			s.t.Errorf("got cookie %q a second time", line)
		}
	})
}

func TestAForgedCookieIsRefused(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ida@example.com")
		good := v.cookieHeader()
		forged := good[:len(good)-8] + "AAAAA%3D"
		x := s.visitor()
		x.want(x.do("GET", "/api/proxy/x", "", "Cookie", forged), 401, "SESSION_EXPIRED")
		a := x.want(x.do("GET", "/api/auth/session", "", "Cookie", forged), 200, "null")
		if line := cookieLine(s.t, a); line != "" {
			s.t.Errorf("got cookie %q: a cookie that we have not signed is not cleared", line)
		}
		x.want(x.do("GET", "/api/proxy/x", "", "Cookie", forged+"; "+good), 200, "") // a planted cookie locks nobody out
		x.want(x.do("GET", "/api/proxy/x", ""), 401, `"code":"NO_SESSION","message":"No session token found"`)
	})
}

func TestOutageKeepsTheCookie(t *testing.T) {
	t.Parallel()
	server, db := ownServer(t)
	s := newSite(t, db)
	v := s.visitor()
	v.signUp("joe@example.com")
	auth := s.forwardAuth()
	c := s.service("reports", "tasks:read")
	server.Stop(t)
	if a := v.want(v.ask(auth, "GET", "/", nil), 503, "STORE_UNAVAILABLE"); a.header.Get("Retry-After") == "" || cookieLine(t, a) != "" || a.header.Get("Authorization") != "" {
		t.Errorf("forward auth: got %v, want Retry-After, no cookie and no token", a.header)
	}
	for _, path := range []string{"/api/proxy/x", "/api/auth/session"} {
		a := v.want(v.do("GET", path, ""), 503, "STORE_UNAVAILABLE")
		if a.header.Get("Retry-After") == "" || cookieLine(t, a) != "" {
			t.Errorf("got %v, want Retry-After and no cookie", a.header)
		}
	}
	a := v.want(v.do("POST", "/api/auth/logout", ""), 503, "STORE_UNAVAILABLE")
	if line := cookieLine(t, a); line != "" {
		t.Errorf("got cookie %q after a sign-out that failed", line)
	}
	v.want(v.do("POST", "/api/auth/login", `{"email":"joe@example.com","password":"paper-lantern-42"}`), 503, "STORE_UNAVAILABLE")
	s.refused(c.ask("grant_type", "client_credentials"), 503, "temporarily_unavailable", "try again")
	server.Start(t)
	s.issued(c.ask("grant_type", "client_credentials"))
	v.want(v.do("GET", "/api/proxy/x", ""), 200, "Bearer ")
	v.want(v.do("GET", "/api/auth/session", ""), 200, "joe@example.com")
}

// TestReadingWithoutRefreshExtendsNothing: an app can ask every minute and does not keep the
// session alive for ever.
func TestReadingWithoutRefreshExtendsNothing(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		ends := func(query string) any {
			a := v.want(v.do("GET", "/api/auth/get-session"+query, ""), 200, "ada@example.com")
			if query != "" && cookieLine(s.t, a) != "" {
				s.t.Errorf("%s: got cookie %q, want none", query, cookieLine(s.t, a))
			}
			return object(s.t, a.body)["session"].(map[string]any)["expiresAt"]
		}
		first := ends("")
		s.clock.Advance(25 * time.Hour)
		if got := ends("?disableRefresh=true"); got != first {
			s.t.Errorf("got the end %v, want it unchanged: %v", got, first)
		}
		if got := ends(""); got == first {
			s.t.Error("a read without disableRefresh does not extend the session")
		}
	})
}

// TestAPeekKeepsNobodySignedIn: a page may ask every minute when the session ends.
func TestAPeekKeepsNobodySignedIn(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("GET", "/api/auth/session?peek=true", ""), 200, "null")
		v.signUp("pia@example.com")
		ask := func(query string) (unused, latest any, cookie string) {
			s.t.Helper()
			a := v.want(v.do("GET", "/api/auth/session"+query, ""), 200, "pia@example.com")
			got := object(s.t, a.body)
			return got["expiresAt"], got["maxExpiresAt"], cookieLine(s.t, a)
		}
		const first, latest = "2095-02-10T04:05:06.789Z", "2095-03-05T04:05:06.789Z"
		for range 6 {
			s.clock.Advance(25 * time.Hour)
			if unused, most, cookie := ask("?peek=true"); unused != first || most != latest || cookie != "" {
				s.t.Errorf("got the ends %v and %v and cookie %q, want %s, %s and none", unused, most, cookie, first, latest)
			}
		}
		if unused, most, cookie := ask("?peek=false"); unused != "2095-02-16T10:05:06.789Z" || most != latest || cookie == "" {
			s.t.Errorf("without a peek: got the ends %v and %v and cookie %q, want it extended", unused, most, cookie)
		}
		if a := v.want(v.do("GET", "/api/auth/get-session", ""), 200, ""); len(object(s.t, a.body)) != 2 {
			s.t.Errorf("get-session: got %s, want Better Auth's two members", a.body)
		}
		v.want(v.do("GET", "/api/auth/session?peek=1", ""), 400, "[query.peek] Invalid input: expected true or false")
		s.clock.Advance(6 * 24 * time.Hour)
		ask("?peek=true")
		s.clock.Advance(24 * time.Hour)
		a := v.want(v.do("GET", "/api/auth/session?peek=true", ""), 200, "null")
		if line := cookieLine(s.t, a); line != "" {
			s.t.Errorf("got cookie %q from a peek at an ended session", line)
		}
		a = v.want(v.do("GET", "/api/auth/session", ""), 200, "null")
		if line := cookieLine(s.t, a); !strings.Contains(line, "Max-Age=0") {
			s.t.Errorf("got cookie %q, want it cleared", line)
		}
	})
}

// TestTheEndsOfABriefSession: without rememberMe use never extends the session.
func TestTheEndsOfABriefSession(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/signup", `{"email":"kim@example.com","password":"paper-lantern-42","rememberMe":false}`), 200, "")
		v.want(v.do("GET", "/api/auth/session", ""), 200, `"expiresAt":"2095-02-04T04:05:06.789Z","maxExpiresAt":"2095-02-04T04:05:06.789Z"`)
	})
}

func TestAPeekSignsNoCookieAgain(t *testing.T) {
	t.Parallel()
	eachChange(t, func(c *change) {
		c.visitor().signUp("ada@example.com")
		cookie := c.newCookie()
		for query, want := range map[string]bool{"?peek=true": false, "": true} {
			if line := cookieLine(c.t, c.ask(c.second, "GET", "/api/auth/session"+query, "", cookie)); (line != "") != want {
				c.t.Errorf("%q: got cookie %q", query, line)
			}
		}
	})
}
