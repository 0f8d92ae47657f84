package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"testing"
)

func newJar(t testing.TB) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

func decode[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("answer %v is not JSON: %v", a, err)
	}
	return v
}

type signedIn struct {
	Token string
	User  struct{ ID, Email, Name string }
}

// signUp makes an account and returns its user id.
func (b *browser) signUp(email string) string {
	b.t.Helper()
	a := b.want(b.send("POST", b.origin+"/api/auth/signup", `{"email":"`+email+`","password":"paper-lantern-42"}`), 200, email)
	if line := a.header.Get("Set-Cookie"); !strings.HasSuffix(line, "; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax") {
		b.t.Errorf("got cookie %q", line)
	}
	return decode[signedIn](b.t, a).User.ID
}

func TestFromCookieToTask(t *testing.T) {
	t.Parallel()
	aloneIn(t, shapes, func(t *testing.T, p *product) {
		alice, bob := newBrowser(t, p.bff), newBrowser(t, p.bff)
		id := alice.signUp("alice@example.com")
		if !regexp.MustCompile(`^usr_[a-z0-9]+$`).MatchString(id) {
			t.Errorf("got user id %q", id)
		}
		tasks := p.bff + "/api/proxy/" + id + "/tasks"

		alice.want(alice.send("GET", tasks, ""), 200, "[]")
		created := alice.want(alice.send("POST", tasks, `{"title":"Buy milk","description":"two litres"}`), 201, `"title":"Buy milk"`)
		if got := created.header.Get("Location"); !strings.HasPrefix(got, "/api/proxy/"+id+"/tasks/") {
			t.Errorf("got Location %q, want it under /api/proxy/", got)
		}
		one := p.bff + created.header.Get("Location")
		alice.want(alice.send("GET", one, ""), 200, "two litres")
		alice.want(alice.send("PUT", one, `{"title":"Buy oat milk"}`), 200, `"description":"two litres"`)
		alice.want(alice.send("PATCH", one, `{"description":null}`), 200, `"description":null`)
		alice.want(alice.send("PATCH", one+"/complete", ""), 200, `"completed":true`)
		alice.want(alice.send("GET", p.bff+"/api/proxy/me/tasks", ""), 200, "Buy oat milk")

		// Somebody else sees none of it, by no path.
		bobID := bob.signUp("bob@example.com")
		bob.want(bob.send("GET", tasks, ""), 403, "Access denied: user_id mismatch")
		bob.want(bob.send("GET", one, ""), 403, "Access denied: user_id mismatch")
		bob.want(bob.send("GET", strings.Replace(one, id, bobID, 1), ""), 404, "Task not found")
		bob.want(bob.send("DELETE", strings.Replace(one, id, bobID, 1), ""), 404, "Task not found")

		session := alice.want(alice.send("GET", p.bff+"/api/auth/get-session", ""), 200, id)
		if secret := alice.cookie(); secret == "" || strings.Contains(session.body, strings.Split(secret, ".")[0]) {
			t.Errorf("the session's secret is in a body, or nowhere: %s", session.body)
		}
		alice.want(alice.send("DELETE", one, ""), 200, `{"success":true,"message":"Task deleted successfully"}`)
		alice.want(alice.send("GET", one, ""), 404, "Task not found")

		// Signed out, the old cookie opens nothing even when it is kept.
		stolen := "better-auth.session_token=" + alice.cookie()
		alice.want(alice.send("POST", p.bff+"/api/auth/logout", ""), 200, `{"success":true}`)
		alice.want(alice.send("GET", tasks, ""), 401, "NO_SESSION")
		alice.want(alice.send("GET", tasks, "", "Cookie", stolen), 401, "SESSION_EXPIRED")
		alice.want(alice.send("GET", p.bff+"/api/auth/session", ""), 200, "null")

		alice.want(alice.send("POST", p.bff+"/api/auth/sign-in/email", `{"email":"Alice@Example.com","password":"paper-lantern-42"}`), 200, id)
		alice.want(alice.send("GET", tasks, ""), 200, "[]")

		for _, proc := range p.processes {
			if code := proc.stop(); code != 0 {
				t.Errorf("got exit code %d after SIGTERM, want 0", code)
			}
			for _, leak := range []string{"paper-lantern-42", strings.Split(stolen, "=")[1], secret, "Bearer "} {
				if strings.Contains(proc.log.String(), leak) {
					t.Errorf("the log holds %q", leak)
				}
			}
		}
	})
}

func TestSessionsSurviveARestart(t *testing.T) {
	t.Parallel()
	for _, s := range shapes[:2] {
		t.Run(s.name, func(t *testing.T) {
			p := launch(t, s)
			b := newBrowser(t, p.bff)
			b.signUp("carol@example.com")
			b.want(b.send("POST", p.bff+"/api/proxy/me/tasks", `{"title":"survive"}`), 201, "survive")
			restart(t, p)
			b.want(b.send("GET", p.bff+"/api/proxy/me/tasks", ""), 200, "survive")
		})
	}
}

func TestCrossOriginRequestsAreRefused(t *testing.T) {
	t.Parallel()
	p := launch(t, shapes[0], "TRUSTED_ORIGINS=https://app.example.com")
	b := newBrowser(t, p.bff)
	b.signUp("dave@example.com")
	tasks := p.bff + "/api/proxy/me/tasks"
	for _, tt := range []struct {
		name   string
		header []string
		status int
	}{
		{"our own origin", []string{"Origin", p.bff}, 201},
		{"a listed origin", []string{"Origin", "https://app.example.com"}, 201},
		{"a listed origin, whatever Sec-Fetch-Site says", []string{"Origin", "https://app.example.com", "Sec-Fetch-Site", "cross-site"}, 201},
		{"another origin", []string{"Origin", "https://evil.example"}, 403},
		{"another origin that claims to be the same", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "same-origin"}, 403},
		{"null", []string{"Origin", "null"}, 403},
		{"a sibling", []string{"Origin", "https://app.example.com.evil.example"}, 403},
		{"the listed host over http", []string{"Origin", "http://app.example.com"}, 403},
		{"the listed host on another port", []string{"Origin", "https://app.example.com:8443"}, 403},
		{"an upper-case look-alike", []string{"Origin", "https://APP.example.com"}, 403},
		{"a Referer of ours", []string{"Origin", "", "Referer", p.bff + "/tasks"}, 201},
		{"a foreign Referer", []string{"Origin", "", "Referer", "https://evil.example/"}, 403},
		{"cross-site alone", []string{"Origin", "", "Sec-Fetch-Site", "cross-site"}, 403},
		{"same-site alone", []string{"Origin", "", "Sec-Fetch-Site", "same-site"}, 403},
		{"cross-site behind same-origin", []string{"Origin", "", "Sec-Fetch-Site", "same-origin", "+Sec-Fetch-Site", "cross-site"}, 403},
		{"same-origin alone", []string{"Origin", "", "Sec-Fetch-Site", "same-origin"}, 201},
		{"none of the three", []string{"Origin", ""}, 201},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := b.sendRaw("POST", tasks, `{"title":"x"}`, tt.header...)
			if got.status != tt.status {
				t.Errorf("got %v, want %d", got, tt.status)
			}
			if got.status == 403 && !strings.Contains(got.body, "INVALID_ORIGIN") {
				t.Errorf("got %v, want INVALID_ORIGIN", got)
			}
			if !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Origin") {
				t.Errorf("got Vary %q, want Origin in it", got.header.Values("Vary"))
			}
			origin := tt.header[1]
			allowed := got.header.Get("Access-Control-Allow-Origin")
			if listed := origin == "https://app.example.com"; listed != (allowed == origin && allowed != "") && origin != p.bff {
				t.Errorf("got Access-Control-Allow-Origin %q for %q", allowed, origin)
			}
		})
	}
}
