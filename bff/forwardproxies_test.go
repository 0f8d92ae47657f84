package bff_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestForwardAuthBehindTheDocumentedProxies runs the configurations of docs/deploy.md.
func TestForwardAuthBehindTheDocumentedProxies(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(*testing.T, addresses) string{"nginx": beginNginx, "Caddy": beginCaddy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFronted(t, begin)
			v, stranger := f.visitor(), f.visitor()
			v.signUp("ada@example.com")
			user := f.userBy("ada@example.com").ID
			_, token, _ := strings.Cut(v.want(v.do("GET", "/api/proxy/x", ""), 200, "Bearer ").body, " Bearer ")
			ours := http.Header{"Authorization": {"Bearer " + token}, "X-User-Id": {user}, "X-User-Email": {"ada@example.com"}, "X-User-Email-Verified": {"false"}}

			seen := f.passes(v, "GET", "/orders/1?x=%2F..&y", "", nil)
			wantOurs(t, seen, ours)
			if seen.URI != "/orders/1?x=%2F..&y" {
				t.Errorf("the application got %s", seen.URI)
			}
			seen = f.passes(v, "POST", "/orders/", `{"amount":1}`, http.Header{"Origin": {f.url}, "Content-Type": {"application/json"}, "Cookie": {"cart=7"}})
			wantOurs(t, seen, ours)
			if seen.Method != "POST" || seen.Body != `{"amount":1}` {
				t.Errorf("the application got %+v", seen)
			}

			// What a client says about itself counts nothing.
			forged := http.Header{
				"Authorization": {"Bearer forged"}, "X-User-Id": {"usr_forged"}, "X-User-Email": {"root@example.com"}, "X-User-Email-Verified": {"true"},
				"X_User_Id": {"usr_forged"}, "X-User_id": {"usr_forged"}, "X_user-Email": {"root@example.com"},
				"X.User.Id": {"usr_forged"}, "X-User.id": {"usr_forged"},
			}
			wantOurs(t, f.passes(v, "GET", "/orders/1", "", forged), ours)
			f.stays(stranger, 401, "GET", "/orders/1", forged)
			lowered := forged.Clone()
			lowered["Connection"] = []string{"X-User-Id, X-User-Email, Authorization"}
			if got := strings.Join(f.passes(v, "GET", "/orders/1", "", lowered).Header["X-User-Id"], ""); got != user && got != "" {
				t.Errorf("with a Connection header the application got the user %q", got)
			}

			// Nor does what it says about its request.
			evil := http.Header{"Origin": {"https://evil.example"}, "X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/orders/"}}
			for _, method := range []string{"POST", "PUT", "DELETE"} {
				f.stays(v, 403, method, "/orders/1", http.Header{"Origin": {"https://evil.example"}})
				f.stays(v, 403, method, "/orders/1", evil)
			}
			f.stays(v, 403, "POST", "/orders/1", http.Header{"Sec-Fetch-Site": {"cross-site"}})
			f.stays(v, 403, "POST", "/orders/1", http.Header{"Referer": {"https://evil.example/"}})
			f.stays(v, 403, "GET", "/orders/1%2Fadmin", http.Header{"X-Forwarded-Uri": {"/orders/1"}})
			f.stays(v, 403, "GET", "/orders/..;/admin", nil)
			f.stays(v, 403, "GET", "/orders/1?a;b", nil)
			f.stays(v, 403, "GET", "/orders/chat", http.Header{
				"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Origin": {"https://evil.example"},
			})

			// Nobody finds the token.
			for _, path := range []string{"/verify", "/.vestibule-verify", "/orders/../verify", "/orders/../.vestibule-verify"} {
				if a := f.request(v, "GET", path, "", http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/"}}); a.status == 204 || a.header.Get("Authorization") != "" {
					t.Errorf("%s: got %d with %v", path, a.status, a.header)
				}
			}
			f.stays(stranger, 401, "GET", "/orders/1", nil)
			stolen := http.Header{"Cookie": {v.cookieHeader()}}
			v.want(v.do("POST", "/api/auth/logout", ""), 200, "true")
			f.stays(stranger, 401, "GET", "/orders/1", stolen)
		})
	}
}

// wantOurs fails unless the application has got exactly our headers about the user, and no
// cookie.
func wantOurs(t *testing.T, seen seenRequest, ours http.Header) {
	t.Helper()
	for name, values := range seen.Header {
		if plain := http.CanonicalHeaderKey(strings.NewReplacer("_", "-", ".", "-").Replace(name)); ours[plain] != nil && (name != plain || strings.Join(values, "|") != ours.Get(plain)) {
			t.Errorf("the application got %s: %q, want %q", name, values, ours.Get(plain))
		}
	}
	for name := range ours {
		if len(seen.Header[name]) != 1 {
			t.Errorf("the application got no %s", name)
		}
	}
	if len(seen.Header["Cookie"]) > 0 {
		t.Errorf("the application got the cookie %q", seen.Header["Cookie"])
	}
}

// TestForwardAuthLeadsGuestsToTheLogInPage, with the lines that are switched off in the
// configurations.
func TestForwardAuthLeadsGuestsToTheLogInPage(t *testing.T) {
	t.Parallel()
	switched := func(text string) string {
		return regexp.MustCompile(`(?m)^(\s*)# ?((?:error_page|@guest|handle_response|\s*redir|}).*)$`).ReplaceAllString(text, "$1$2")
	}
	for name, begin := range map[string]func(*testing.T, addresses) string{
		"nginx": func(t *testing.T, a addresses) string {
			return nginxWith(t, switched(configuration(t, "Forward auth with nginx", "nginx", a)), a)
		},
		"Caddy": func(t *testing.T, a addresses) string {
			return caddyWith(t, switched(configuration(t, "Forward auth with Caddy", "caddyfile", a)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFronted(t, begin)
			v := f.visitor()
			v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			if a := f.stays(v, 302, "GET", "/orders/1", nil); a.header.Get("Location") != "/login" && a.header.Get("Location") != f.url+"/login" {
				t.Errorf("got Location %q, want /login", a.header.Get("Location"))
			}
			v.signUp("ada@example.com")
			f.passes(v, "GET", "/orders/1", "", nil)
			f.stays(v, 403, "POST", "/orders/1", http.Header{"Origin": {"https://evil.example"}})
		})
	}
}
