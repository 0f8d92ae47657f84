package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vestibule/api/bearer"
	"vestibule/internal/jose"
	"vestibule/internal/storetest"
	"vestibule/internal/web"
)

const reports = "svc_reportsreportsreportsreports"

// service returns a token of a service, or of another subject, with more raw JSON members
// after sub and exp.
func service(sub, members string) http.Header {
	return auth(forge(plainHeader, strings.TrimSuffix(payloadWith("sub", `"`+sub+`"`), "}")+members+"}", testSecret))
}

func TestScopesOpenWhatTheySay(t *testing.T) {
	t.Parallel()
	const (
		read   = `,"scope":"tasks:read"`
		write  = `,"scope":"tasks:write"`
		both   = `,"scope":"tasks:read tasks:write token:exchange"`
		acting = `,"act":{"sub":"` + reports + `"}`

		tooLittle = "Insufficient scope"
		noTask    = "Task not found"
		noPath    = "There is nothing at this path."
		mine      = "/api/" + ada + "/tasks"
		others    = "/api/" + bob + "/tasks"
		own       = "/api/me/tasks"
	)
	s := newSurface(t, sqlite)
	for _, tc := range []struct {
		name, sub, members string
		target             string
		status             int
		detail             string // the detail of a refusal
	}{
		{"a user without scope reads", ada, "", "GET " + mine, 200, ""},
		{"a user without scope writes", ada, "", "POST " + mine, 201, ""},
		{"a user without scope reads no one else's", ada, "", "GET " + others, 403, notOwner},

		{"a service with read reads ada's", reports, read, "GET " + mine, 200, ""},
		{"a service with read reads bob's", reports, read, "GET " + others, 200, ""},
		{"a service with read reads heads", reports, read, "HEAD " + others, 200, ""},
		{"a service with read does not create", reports, read, "POST " + mine, 403, tooLittle},
		{"a service with read does not toggle", reports, read, "PATCH " + mine + "/1/complete", 403, tooLittle},
		{"a service with read does not delete", reports, read, "DELETE " + mine + "/1", 403, tooLittle},
		{"a service with write creates", reports, write, "POST " + others, 201, ""},
		{"a service with write does not read", reports, write, "GET " + others, 403, tooLittle},
		{"a service with write does not read heads", reports, write, "HEAD " + others, 403, tooLittle},
		{"a service with both reads", reports, both, "GET " + others, 200, ""},
		{"a service with both writes", reports, both, "POST " + others, 201, ""},
		{"a service owns nothing itself", reports, both, "GET " + own, 200, ""},
		{"a service creates nothing for itself", reports, both, "POST " + own, 404, "User not found"},
		{"a service creates nothing for nobody", reports, both, "POST /api/usr_nobody/tasks", 404, "User not found"},
		{"a user who is not there creates nothing", "usr_nobody", "", "POST " + own, 401, "Invalid authentication credentials"},
		{"a user who is not there, with a scope", "usr_nobody", both, "POST " + own, 401, "Invalid authentication credentials"},

		{"a service without scope reads nothing", reports, "", "GET " + mine, 403, tooLittle},
		{"a service without scope writes nothing", reports, "", "POST " + mine, 403, tooLittle},
		{"a service without scope does not read its own", reports, "", "GET " + own, 403, tooLittle},
		{"a service with an empty scope", reports, `,"scope":""`, "GET " + mine, 403, tooLittle},
		{"a service with other scopes", reports, `,"scope":"token:exchange tasks:reader TASKS:READ read tasks"`, "GET " + mine, 403, tooLittle},
		{"a service without scope learns of no path", reports, "", "GET /api/nothing/here", 403, tooLittle},
		{"a service without scope learns of no bad path", reports, "", "GET /api/" + ada + "/../tasks", 403, tooLittle},
		{"a service without scope learns of no method", reports, "", "BREW " + mine, 403, tooLittle},
		{"a service with read learns of no method", reports, read, "BREW " + mine, 403, tooLittle},
		{"a service with read learns of paths", reports, read, "GET /api/nothing/here", 404, noPath},
		{"a service with read learns of bad paths", reports, read, "GET /api/" + ada + "/../tasks", 400, "The request path contains a dot segment."},
		{"a service with read sends bad escapes", reports, read, "GET /api/%zz/tasks", 400, ""}, // Go's own
		{"a service with write learns of methods", reports, write, "BREW " + mine, 405, "The method BREW is not allowed here."},
		{"a service names no user", reports, read, "GET /api/", 404, noPath},
		{"a service names a user that is no text", reports, read, "GET /api/%ff/tasks", 404, "User not found"},
		{"a service names a user that is too long", reports, read, "GET /api/" + strings.Repeat("u", 256) + "/tasks", 404, "User not found"},
		{"a service names a user with a NUL", reports, read, "GET /api/%00/tasks", 400, "The request path contains a control character."},

		{"an exchanged token reads", ada, read + acting, "GET " + mine, 200, ""},
		{"an exchanged token reads by me", ada, read + acting, "GET " + own, 200, ""},
		{"an exchanged token with read writes nothing", ada, read + acting, "POST " + mine, 403, tooLittle},
		{"an exchanged token with write reads nothing", ada, write + acting, "GET " + mine, 403, tooLittle},
		{"an exchanged token with write writes", ada, write + acting, "POST " + mine, 201, ""},
		{"an exchanged token opens no one else's", ada, both + acting, "GET " + others, 403, notOwner},
		{"an exchanged token without scope opens nothing", ada, acting, "GET " + mine, 403, tooLittle},
		{"a user's token with a scope is held to it", ada, read, "POST " + mine, 403, tooLittle},
		{"a chain of actors", ada, read + `,"act":{"sub":"svc_b","act":{"sub":"svc_a"}}`, "GET " + mine, 200, ""},
		{"an actor with other members", ada, read + `,"act":{"sub":"svc_b","iss":"x","may":[1]}`, "GET " + mine, 200, ""},
		{"a service that only looks like one", "svc-reports", both, "GET " + mine, 403, notOwner},
		{"a service in capitals is none", "SVC_reports", both, "GET " + mine, 403, notOwner},

		{"another user's task is not there", reports, read, "GET " + others + "/999999", 404, noTask},
	} {
		t.Run(tc.name, func(t *testing.T) {
			method, path, _ := strings.Cut(tc.target, " ")
			if strings.Contains(path, "..") || strings.Contains(path, "%") || method == "BREW" || path == "/api/" {
				token := strings.TrimPrefix(service(tc.sub, tc.members).Get("Authorization"), "Bearer ")
				if res := s.raw(t, method, path, token); tc.detail != "" {
					res.isProblem(t, tc.status, tc.detail)
				} else if res.StatusCode != tc.status {
					t.Errorf("status: got %d, want %d", res.StatusCode, tc.status)
				}
				return
			}
			body := ""
			if method == "POST" {
				body = `{"title":"x"}`
			}
			res := s.do(t, method, path, body, service(tc.sub, tc.members))
			if tc.detail == "" || method == "HEAD" {
				if res.StatusCode != tc.status {
					t.Errorf("status: got %d, want %d (%s)", res.StatusCode, tc.status, res.body)
				}
				return
			}
			res.isProblem(t, tc.status, tc.detail)
			const challenge = `Bearer error="insufficient_scope"`
			if got := res.Header.Get("WWW-Authenticate"); (got == challenge) != (tc.detail == tooLittle) {
				t.Errorf("WWW-Authenticate: got %q", got)
			}
		})
	}
}

func TestAServiceWorksOnUsersTasks(t *testing.T) {
	t.Parallel()
	for name, engine := range map[string]func(testing.TB) *storetest.Database{"SQLite": sqlite, "PostgreSQL": postgres} {
		t.Run(name, func(t *testing.T) {
			s := newSurface(t, engine)
			both := service(reports, `,"scope":"tasks:read tasks:write"`)
			created := s.do(t, "POST", "/api/"+ada+"/tasks", `{"title":"of ada"}`, both)
			path := created.Header.Get("Location")
			if created.StatusCode != 201 || !strings.HasPrefix(path, "/api/"+ada+"/tasks/") || !strings.Contains(created.body, `"user_id":"`+ada+`"`) {
				t.Fatalf("got %d, Location %q, %s, want a task of ada", created.StatusCode, path, created.body)
			}
			for _, header := range []http.Header{both, auth(mint(t, ada))} {
				if got := s.do(t, "GET", path, "", header); got.body != created.body {
					t.Errorf("got %s, want %s", got.body, created.body)
				}
			}
			elsewhere := strings.Replace(path, ada, bob, 1)
			s.do(t, "GET", elsewhere, "", both).isProblem(t, 404, "Task not found")
			s.do(t, "DELETE", elsewhere, "", both).isProblem(t, 404, "Task not found")
			s.do(t, "GET", "/api/me/tasks", "", both).is(t, 200, "[]")
			s.do(t, "GET", "/api/%ff/tasks", "", both).isProblem(t, 404, "User not found")
			if got := s.do(t, "DELETE", path, "", both); got.StatusCode != 200 {
				t.Errorf("status: got %d, want 200", got.StatusCode)
			}
		})
	}
}

func TestMalformedScopesAndActorsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	deep := strings.Repeat(`{"sub":"svc_a","act":`, jose.MaxActors) + `{"sub":"svc_a"}` + strings.Repeat("}", jose.MaxActors)
	for _, members := range []string{
		`,"scope":["tasks:read"]`, `,"scope":null`, `,"scope":1`, `,"scope":{}`, `,"scope":true`,
		`,"scope":"tasks:read\ttasks:write"`, `,"scope":"tasks:read\u0000"`, `,"scope":"tasks:read\n"`,
		`,"scope":"\"tasks:read\""`, `,"scope":"tasks:read\\"`, `,"scope":"täsks"`, `,"scope":"tasks:read` + "\u00a0" + `"`,
		`,"scope":"tasks:read","scope":"tasks:write"`, `,"scope":"","sc\u006fpe":"tasks:read"`,
		`,"act":null`, `,"act":"svc_a"`, `,"act":["svc_a"]`, `,"act":{}`, `,"act":{"sub":""}`, `,"act":{"sub":7}`, `,"act":{"sub":null}`,
		`,"act":{"sub":"svc_a\n"}`, `,"act":{"sub":"` + strings.Repeat("a", 256) + `"}`, `,"act":{"sub":"svc_a","sub":"svc_b"}`,
		`,"act":{"sub":"svc_b","act":null}`, `,"act":{"sub":"svc_b","act":{}}`, `,"act":` + deep,
	} {
		for _, sub := range []string{ada, reports} {
			t.Run(sub[:3]+members, func(t *testing.T) {
				s.do(t, "GET", "/api/"+ada+"/tasks", "", service(sub, members)).isProblem(t, 401, "Invalid token")
			})
		}
	}
}

// TestARouteMayNeedMoreThanItsMethod: the guard knows only the method.
func TestARouteMayNeedMoreThanItsMethod(t *testing.T) {
	t.Parallel()
	const all = TasksRead + " " + TasksWrite
	for _, tc := range []struct {
		has, needs string
		status     int
	}{
		{TasksRead, TasksRead, 200}, {TasksRead, TasksWrite, 403}, {TasksRead, all, 403}, {all, all, 200}, {"", TasksRead, 403},
	} {
		ran := false
		h := web.Handle(owner(tc.needs, func(_ http.ResponseWriter, _ *http.Request, user string) error {
			ran = user == ada
			return nil
		}), writeProblem)
		r := httptest.NewRequest("GET", "/api/me/export", nil)
		r = bearer.WithCaller(r, bearer.Caller{Subject: ada, Scopes: strings.Fields(tc.has)})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tc.status || ran != (tc.status == 200) {
			t.Errorf("has %q, needs %q: got %d, ran: %t; want %d", tc.has, tc.needs, w.Code, ran, tc.status)
		}
	}
}
