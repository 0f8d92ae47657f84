package bff_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
	"vestibule/internal/web"
)

func TestSignUp(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		a := v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"Ada@Example.com","password":"paper-lantern-42","emailVerified":true,"role":"admin"}`), 200, "")
		got := object(s.t, a.body)
		user, _ := got["user"].(map[string]any)
		id, _ := user["id"].(string)
		handle, _ := got["token"].(string)
		want := map[string]any{
			"token": handle,
			"user": map[string]any{
				"id": id, "name": "ada", "email": "ada@example.com", "emailVerified": false, "image": nil,
				"createdAt": "2026-02-03T04:05:06.789Z", "updatedAt": "2026-02-03T04:05:06.789Z",
			},
		}
		if d := cmp.Diff(want, got); d != "" {
			s.t.Error(d)
		}
		if !regexp.MustCompile(`^usr_[a-z2-7]{26}$`).MatchString(id) || !strings.HasPrefix(handle, "ses_") {
			s.t.Errorf("got user %q, handle %q", id, handle)
		}
		line := cookieLine(s.t, a)
		if !regexp.MustCompile(`^better-auth\.session_token=[\w-]{43}\.[^;]+; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax$`).MatchString(line) {
			s.t.Errorf("got cookie %q", line)
		}
		if strings.Contains(line, handle) {
			s.t.Error("the handle is the secret")
		}
	})
}

func TestSignUpRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("taken@example.com")
		long := strings.Repeat("x", 300)
		for _, tt := range []struct {
			name, body string
			status     int
			code, part string
		}{
			{"a taken address", `{"email":"Taken@example.com","password":"paper-lantern-42"}`, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", ""},
			{"a short password", `{"email":"a@example.com","password":"pässwör"}`, 400, "PASSWORD_TOO_SHORT", "8"},
			{"a long password", `{"email":"a@example.com","password":"` + long + `"}`, 400, "PASSWORD_TOO_LONG", "128"},
			{"no address", `{"password":"paper-lantern-42"}`, 400, "VALIDATION_ERROR", "[body.email] Invalid input: expected string, received undefined"},
			{"two faults at once", `{"email":1,"name":null}`, 400, "VALIDATION_ERROR", "[body.name] Invalid input: expected string, received null"},
			{"no address at all", `{"email":"nobody","password":"paper-lantern-42"}`, 400, "VALIDATION_ERROR", "[body.email]"},
			{"an address with a space inside", `{"email":"a @example.com","password":"paper-lantern-42"}`, 400, "VALIDATION_ERROR", "[body.email]"},
			{"a very long address", `{"email":"` + long + `@example.com","password":"paper-lantern-42"}`, 400, "VALIDATION_ERROR", "[body.email]"},
			{"not JSON", `email=a`, 400, "BAD_REQUEST", "Invalid JSON"},
			{"null", `null`, 400, "BAD_REQUEST", "null"},
			{"a list", `[]`, 400, "BAD_REQUEST", "array"},
			{"a duplicate name", `{"email":"a@example.com","email":"b@example.com","password":"paper-lantern-42"}`, 400, "BAD_REQUEST", ""},
			{"NUL in the password", `{"email":"a@example.com","password":"pass\u0000word"}`, 400, "BAD_REQUEST", "NUL"},
		} {
			s.t.Run(tt.name, func(t *testing.T) {
				a := s.visitor().do("POST", "/api/auth/signup", tt.body)
				got := object(t, a.body)
				message, _ := got["message"].(string)
				if a.status != tt.status || got["code"] != tt.code || got["error"] != web.StatusText(tt.status) || !strings.Contains(message, tt.part) {
					t.Errorf("got %d %s, want %d %s with %q", a.status, a.body, tt.status, tt.code, tt.part)
				}
				if line := cookieLine(t, a); line != "" {
					t.Errorf("got cookie %q", line)
				}
			})
		}
		v.want(v.do("POST", "/api/auth/signup", `{}`, "Content-Type", "text/plain"), 415, "application/json")
	})
}

func TestSignUpRaceHasOneWinner(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		var mu sync.Mutex
		got := map[int]int{}
		var wg sync.WaitGroup
		for range 8 {
			v := s.visitor()
			wg.Go(func() {
				a := v.do("POST", "/api/auth/signup", `{"email":"race@example.com","password":"paper-lantern-42"}`)
				mu.Lock()
				defer mu.Unlock()
				got[a.status]++
			})
		}
		wg.Wait()
		if d := cmp.Diff(map[int]int{200: 1, 422: 7}, got); d != "" {
			s.t.Error(d)
		}
	})
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("bea@example.com")
		a := v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"BEA@example.com","password":"paper-lantern-42"}`), 200, "bea@example.com")
		if !strings.HasPrefix(a.body, `{"redirect":false,"token":"ses_`) {
			s.t.Errorf("got %s", a.body)
		}
		a = v.want(v.do("POST", "/api/auth/login", `{"email":"bea@example.com","password":"paper-lantern-42","rememberMe":false}`), 200, "")
		if line := cookieLine(s.t, a); line == "" || strings.Contains(line, "Max-Age") {
			s.t.Errorf("got cookie %q, want one that goes with the browser", line)
		}
		// The same password, typed as full-width letters, is the same password.
		v.want(v.do("POST", "/api/auth/login", `{"email":"bea@example.com","password":"ｐａｐｅｒ-ｌａｎｔｅｒｎ-42"}`), 200, "")
	})
}

func TestUnknownAddressAndWrongPasswordAnswerAlike(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		s.visitor().signUp("cleo@example.com")
		wrong := s.visitor().do("POST", "/api/auth/login", `{"email":"cleo@example.com","password":"password124"}`)
		unknown := s.visitor().do("POST", "/api/auth/login", `{"email":"nobody@example.com","password":"paper-lantern-42"}`)
		short := s.visitor().do("POST", "/api/auth/login", `{"email":"nobody@example.com","password":"x"}`)
		for _, a := range []answer{wrong, unknown, short} {
			a.header.Del("Date")
			a.header.Del("X-Request-Id")
		}
		if wrong.status != 401 || wrong.body != `{"error":"Unauthorized","code":"INVALID_EMAIL_OR_PASSWORD","message":"Invalid email or password"}` {
			s.t.Errorf("got %d %s", wrong.status, wrong.body)
		}
		for _, other := range []answer{unknown, short} {
			if d := cmp.Diff(wrong.body, other.body); d != "" {
				s.t.Error(d)
			}
			if d := cmp.Diff(wrong.header, other.header); d != "" {
				s.t.Error(d)
			}
		}
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/login", `{"email":"cleo","password":"x"}`), 400, "INVALID_EMAIL")
		v.want(v.do("POST", "/api/auth/login", `{"email":"cleo@example.com"}`), 400, "[body.password]")
		v.want(v.do("POST", "/api/auth/login", `{"email":"cleo@example.com","password":"`+strings.Repeat("x", 300)+`"}`), 400, "PASSWORD_TOO_LONG")
	})
}

func TestSignInRaisesAnOldHash(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("dora@example.com")
		_, old, err := s.db.CredentialByEmail(s.t.Context(), "dora@example.com")
		if err != nil {
			s.t.Fatal(err)
		}
		stronger := newSite(s.t, s.db, func(c *bff.Config) { c.PasswordParams.Iterations = 2 }).visitor()
		stronger.want(stronger.do("POST", "/api/auth/login", `{"email":"dora@example.com","password":"paper-lantern-42"}`), 200, "")
		_, raised, err := s.db.CredentialByEmail(s.t.Context(), "dora@example.com")
		if err != nil {
			s.t.Fatal(err)
		}
		if raised == old || !strings.Contains(raised, "t=2") {
			s.t.Errorf("got hash %s after sign-in, want it with t=2", raised)
		}
		v.want(v.do("POST", "/api/auth/login", `{"email":"dora@example.com","password":"paper-lantern-42"}`), 200, "")
	})
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
			"createdAt": "2026-02-03T04:05:06.789Z", "updatedAt": "2026-02-03T04:05:06.789Z", "expiresAt": "2026-02-10T04:05:06.789Z",
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
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("flo@example.com")
		s.clock.Advance(25 * time.Hour)
		a := v.want(v.do("GET", "/api/proxy/x", ""), 200, "Bearer ")
		if line := cookieLine(s.t, a); line != "" {
			s.t.Errorf("a proxied request set the cookie %q", line)
		}
		a = v.want(v.do("GET", "/api/auth/session", ""), 200, `"expiresAt":"2026-02-11T05:05:06.789Z"`)
		if line := cookieLine(s.t, a); !strings.Contains(line, "Max-Age=604800") {
			s.t.Errorf("got cookie %q, want it set again in full", line)
		}
		a = v.want(v.do("GET", "/api/auth/session", ""), 200, "flo")
		if line := cookieLine(s.t, a); line != "" {
			s.t.Errorf("got cookie %q a second time", line)
		}
	})
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/logout", ""), 200, `{"success":true}`)
		v.signUp("gil@example.com")
		stolen := v.cookieHeader()
		a := v.want(v.do("POST", "/api/auth/sign-out", "{}"), 200, `{"success":true}`)
		if line := cookieLine(s.t, a); line != "better-auth.session_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" {
			s.t.Errorf("got cookie %q", line)
		}
		s.clock.Advance(time.Minute) // until then an answer could be late, and clear the cookie of a new sign-in
		thief := s.visitor()
		a = thief.want(thief.do("GET", "/api/auth/session", "", "Cookie", stolen), 200, "null")
		if line := cookieLine(s.t, a); !strings.Contains(line, "Max-Age=0") {
			s.t.Errorf("got cookie %q, want the dead one cleared", line)
		}
		a = thief.want(thief.do("GET", "/api/proxy/x", "", "Cookie", stolen), 401, `"code":"SESSION_EXPIRED","message":"Session expired. Please log in again."`)
		if line := cookieLine(s.t, a); !strings.Contains(line, "Max-Age=0") {
			s.t.Errorf("got cookie %q, want the dead one cleared", line)
		}
		thief.want(thief.do("POST", "/api/auth/logout", "x", "Content-Type", "text/plain"), 415, "")
	})
}

// cookieHeader is what the visitor's browser would send.
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

func TestSignInEndsThePresentedSession(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("hedi@example.com")
		old := v.cookieHeader()
		v.want(v.do("POST", "/api/auth/login", `{"email":"hedi@example.com","password":"paper-lantern-42"}`), 200, "")
		thief := s.visitor()
		thief.want(thief.do("GET", "/api/proxy/x", "", "Cookie", old), 401, "SESSION_EXPIRED")
		v.want(v.do("GET", "/api/proxy/x", ""), 200, "")
		// A wrong password ends nothing.
		v.want(v.do("POST", "/api/auth/login", `{"email":"hedi@example.com","password":"wrong password"}`), 401, "")
		v.want(v.do("GET", "/api/proxy/x", ""), 200, "")
	})
}

func TestForgedCookieIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ida@example.com")
		good := v.cookieHeader()
		forged := good[:len(good)-8] + "AAAAA%3D"
		x := s.visitor()
		x.want(x.do("GET", "/api/proxy/x", "", "Cookie", forged), 401, "SESSION_EXPIRED")
		a := x.want(x.do("GET", "/api/auth/session", "", "Cookie", forged), 200, "null")
		if line := cookieLine(s.t, a); line != "" {
			s.t.Errorf("got cookie %q: what we have not written is not ours to clear", line)
		}
		x.want(x.do("GET", "/api/proxy/x", "", "Cookie", forged+"; "+good), 200, "") // nobody is locked out by what others have planted
		x.want(x.do("GET", "/api/proxy/x", ""), 401, `"code":"NO_SESSION","message":"No session token found"`)
	})
}

func TestOutageKeepsTheCookie(t *testing.T) {
	t.Parallel()
	server, db := ownServer(t)
	s := newSite(t, db)
	v := s.visitor()
	v.signUp("joe@example.com")
	c := s.service("reports", "tasks:read")
	server.Stop(t)
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
