package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vestibule/internal/web"
)

const notOwner = "Access denied: user_id mismatch"

func TestTheTokenIsJudgedBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	for _, target := range []string{
		"GET /api/" + ada + "/tasks",
		"POST /api/" + ada + "/tasks",
		"GET /api/" + ada + "/tasks/abc",
		"OPTIONS /api/" + ada + "/tasks",
		"TRACE /api/" + ada + "/tasks",
		"BREW /api/" + ada + "/tasks",
		"GET /api/",
		"GET /api/nothing/here",
		"GET /api/" + ada + "/../tasks",
		"GET /api/" + ada + "%2Ftasks",
		"GET /api//" + ada + "/tasks",
	} {
		t.Run(target, func(t *testing.T) {
			method, path, _ := strings.Cut(target, " ")
			s.raw(t, method, path, "").isProblem(t, http.StatusUnauthorized, "Not authenticated")
		})
	}
}

func TestTheOwnerIsCheckedBeforeThePathIs(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := mint(t, ada)
	for _, target := range []string{
		"GET /api/" + bob + "/tasks",
		"GET /api/" + bob,
		"GET /api/" + bob + "/",
		"POST /api/" + bob + "/tasks",
		"DELETE /api/" + bob + "/tasks",
		"BREW /api/" + bob + "/tasks",
		"GET /api/" + bob + "/tasks/abc",
		"PUT /api/" + bob + "/tasks/1",
		"GET /api/" + bob + "/nothing/here",
		"GET /api/" + bob + "//tasks",
		"GET /api/" + bob + "/../" + ada + "/tasks",
		"GET /api/../api/" + ada + "/tasks",
		"GET /api/nobody/tasks",
		"GET /api/openapi.json",
		"GET /api/" + ada[:len(ada)-1] + "/tasks",
		"GET /api/" + ada + "x/tasks",
		"GET /api/" + strings.ToUpper(ada) + "/tasks",
		"GET /api/" + ada + "%20/tasks",
		"GET /api/" + ada + "%00/tasks",
		"GET /api/" + ada + ";x=1/tasks",
		"GET /api/" + ada + "%2Ftasks",
		"GET /api/ME/tasks",
		"GET /api/me%20/tasks",
		"GET /api/" + strings.Replace(ada, "a", "а", 1) + "/tasks", // a Cyrillic а
	} {
		t.Run(target, func(t *testing.T) {
			method, path, _ := strings.Cut(target, " ")
			s.raw(t, method, path, token).isProblem(t, http.StatusForbidden, notOwner)
		})
	}
}

func TestThePathIsCheckedAfterItsOwner(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := mint(t, ada)
	for _, tc := range []struct {
		target string
		status int
		detail string
		allow  string
	}{
		{"GET /api/" + ada + "/../" + bob + "/tasks", 400, "The request path contains a dot segment.", ""},
		{"GET /api/" + ada + "/%2e%2e/" + bob + "/tasks", 400, "The request path contains a dot segment.", ""},
		{"GET /api/" + ada + "/tasks%2F1", 400, "The request path contains an encoded slash.", ""},
		{"GET /api/" + ada + `/tasks\1`, 400, "The request path contains a backslash.", ""},
		{"GET /api/" + ada + "/tasks/1%00", 400, "The request path contains a control character.", ""},
		{"GET /api/" + ada + "/tasks//", 400, "The request path contains an empty segment.", ""},
		{"GET /api/" + ada + "//tasks", 400, "The request path contains an empty segment.", ""},
		{"GET /api//" + ada + "/tasks", 400, "The request path contains an empty segment.", ""},
		{"GET /api/", 404, "There is nothing at this path.", ""},
		{"GET /api/me", 404, "There is nothing at this path.", ""},
		{"GET /api/" + ada, 404, "There is nothing at this path.", ""},
		{"GET /api/" + ada + "/nothing", 404, "There is nothing at this path.", ""},
		{"GET /api/" + ada + "/tasks/1/2/3", 404, "There is nothing at this path.", ""},
		{"DELETE /api/" + ada + "/tasks", 405, "The method DELETE is not allowed here.", "GET, HEAD, POST"},
		{"OPTIONS /api/" + ada + "/tasks/", 405, "The method OPTIONS is not allowed here.", "GET, HEAD, POST"},
		{"BREW /api/me/tasks", 405, "The method BREW is not allowed here.", "GET, HEAD, POST"},
		{"POST /api/" + ada + "/tasks/1", 405, "The method POST is not allowed here.", "GET, HEAD, PUT, PATCH, DELETE"},
		{"POST /api/" + ada + "/tasks/x/complete", 405, "The method POST is not allowed here.", "PATCH"},
		{"GET /api/" + ada + "/tasks/1/complete", 405, "The method GET is not allowed here.", "PATCH"},
	} {
		t.Run(tc.target, func(t *testing.T) {
			method, path, _ := strings.Cut(tc.target, " ")
			res := s.raw(t, method, path, token)
			res.isProblem(t, tc.status, tc.detail)
			if got := res.Header.Get("Allow"); got != tc.allow {
				t.Errorf("Allow: got %q, want %q", got, tc.allow)
			}
		})
	}
}

func TestPathsOutsideTheAPINeedNoToken(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	s.raw(t, "GET", "/", "").is(t, http.StatusOK, `{"message":"Todo API with Authentication"}`)
	for _, tc := range []struct {
		target string
		status int
		detail string
	}{
		{"POST /", 405, "The method POST is not allowed here."},
		{"GET /api", 404, "There is nothing at this path."},
		{"GET /nothing", 404, "There is nothing at this path."},
		{"GET /API/" + ada + "/tasks", 404, "There is nothing at this path."},
		{"GET /%61pi/" + ada + "/tasks", 404, "There is nothing at this path."},
		{"GET //api/" + ada + "/tasks", 400, "The request path contains an empty segment."},
		{"GET /./api/" + ada + "/tasks", 400, "The request path contains a dot segment."},
		{"GET /api%2F" + ada + "/tasks", 400, "The request path contains an encoded slash."},
	} {
		t.Run(tc.target, func(t *testing.T) {
			method, path, _ := strings.Cut(tc.target, " ")
			s.raw(t, method, path, "").isProblem(t, tc.status, tc.detail)
		})
	}
}

func TestTheOwnPathHasSeveralSpellings(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := mint(t, ada)
	for _, path := range []string{
		"/api/" + ada + "/tasks",
		"/api/" + ada + "/tasks/",
		"/api/me/tasks",
		"/api/me/tasks/",
		"/api/m%65/tasks",
		"/api/%75sr_" + ada[4:] + "/tasks",
		"/api/" + ada + "/tasks?",
		"/api/" + ada + "/tasks/?q=",
	} {
		t.Run(path, func(t *testing.T) {
			s.raw(t, "GET", path, token).is(t, http.StatusOK, "[]")
		})
	}
}

func TestARefusalIsTheSameBytesWhateverExists(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	created := s.do(t, "POST", "/api/me/tasks", `{"title":"secret"}`, auth(mint(t, bob)))
	path := created.Header.Get("Location")
	token := auth(mint(t, ada))

	own := strings.Replace(path, bob, ada, 1)
	for _, tc := range []struct{ method, exists, absent string }{
		{"GET", path, "/api/" + bob + "/tasks/999"},
		{"GET", path, "/api/usr_nobody/tasks/1"},
		{"DELETE", path, "/api/" + bob + "/tasks/999"},
		{"GET", own, "/api/" + ada + "/tasks/999"},
		{"DELETE", own, "/api/" + ada + "/tasks/999"},
		{"PATCH", own + "/complete", "/api/" + ada + "/tasks/999/complete"},
	} {
		t.Run(tc.method+" "+tc.exists+" and "+tc.absent, func(t *testing.T) {
			a := s.do(t, tc.method, tc.exists, "", token)
			b := s.do(t, tc.method, tc.absent, "", token)
			if a.StatusCode != b.StatusCode || a.body != b.body {
				t.Errorf("got %d %s and %d %s, want the same", a.StatusCode, a.body, b.StatusCode, b.body)
			}
			if a.StatusCode < 400 {
				t.Errorf("status: got %d, want a refusal", a.StatusCode)
			}
		})
	}
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := mint(t, ada)
	for _, tc := range []struct{ target, token string }{
		{"GET /", ""},
		{"GET /nothing", ""},
		{"GET /api/me/tasks", ""},
		{"GET /api/me/tasks", token},
		{"GET /api/" + bob + "/tasks", token},
		{"GET /api/me/tasks/abc", token},
		{"BREW /api/me/tasks", token},
	} {
		t.Run(tc.target, func(t *testing.T) {
			method, path, _ := strings.Cut(tc.target, " ")
			res := s.raw(t, method, path, tc.token)
			for name, want := range map[string]string{
				"Cache-Control":           "no-store",
				"X-Content-Type-Options":  "nosniff",
				"Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
			} {
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if res.Header.Get("X-Request-Id") == "" {
				t.Error("X-Request-Id: got none, want one")
			}
		})
	}
}

func TestARouteOutsideTheGuardIsRefused(t *testing.T) {
	t.Parallel()
	h := web.Handle(owner(TasksRead, func(http.ResponseWriter, *http.Request, string) error {
		t.Error("the handler ran")
		return nil
	}), writeProblem)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/elsewhere", nil))
	reply{w.Result(), w.Body.String()}.isProblem(t, http.StatusUnauthorized, "Not authenticated")
}
