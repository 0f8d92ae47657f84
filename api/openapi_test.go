package api

import (
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/openapigen"
	"vestibule/internal/openapitest"
	"vestibule/store/db"
)

// contract is the document. Every answer in this package's tests is checked against it.
var contract = openapitest.MustLoad(openAPI)

func TestMain(m *testing.M) {
	os.Exit(openapitest.Main(m, contract, map[string]string{
		"500": "a fault of ours",
		"408": "takes 30 seconds; internal/web has the test",
	}))
}

func TestRoutesAndDocumentAreTheSame(t *testing.T) {
	t.Parallel()
	server, err := New(sharedSecretConfig(), Deps{Tasks: broken{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	routes := openapitest.RoutesOf(t, server.routes())
	if diff := cmp.Diff(contract.Routes(), routes); diff != "" {
		t.Errorf("openapi.json and routes.go differ (-document +routes):\n%s", diff)
	}
	if !slices.Contains(routes, "PATCH /api/{user_id}/tasks/{id}/complete") {
		t.Errorf("got routes %q, want those of tasks among them", routes)
	}
}

// TestTheDocumentIsCurrent: openapi.json and the rows of docs/api.md match the table of
// endpoints.
func TestTheDocumentIsCurrent(t *testing.T) {
	t.Parallel()
	server, err := New(sharedSecretConfig(), Deps{Tasks: broken{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	openapigen.HoldDocument(t, "openapi.json", server.surface(), "go generate ./api")
	openapigen.HoldTable(t, "../docs/api.md", "operations of the task API", openapigen.Rows(server.endpoints()), "go generate ./api")
}

// TestEveryOperationRefuses asks every operation under /api/ for each refusal that all of
// them share.
func TestEveryOperationRefuses(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	down := startSurface(t, sharedSecretConfig(), Deps{Tasks: broken{err: db.ErrUnavailable}})
	good := auth(mint(t, ada))
	if res := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, good); res.StatusCode != 201 {
		t.Fatalf("create: got %d %s", res.StatusCode, res.body)
	}
	for _, route := range contract.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if !strings.HasPrefix(path, "/api/") || method == http.MethodHead {
			continue
		}
		t.Run(route, func(t *testing.T) {
			path := strings.NewReplacer("{user_id}", "me", "{id}", "1").Replace(path)
			body := ""
			if method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
				body = `{"title":"b"}`
			}
			s.do(t, method, path, body, nil).isProblem(t, 401, "Not authenticated")
			s.do(t, method, strings.Replace(path, "me", bob, 1), body, good).isProblem(t, 403, "Access denied: user_id mismatch")
			down.do(t, method, path, body, good).isProblem(t, 503, "The service is temporarily unavailable. Please try again.")
			s.do(t, method, path+"?a=%zz", body, good).isProblem(t, 400, "The query string cannot be read.")
			nobody := strings.Replace(path, "me", "%ff", 1) // not a possible id
			s.do(t, method, nobody, body, service(reports, `,"scope":"tasks:read tasks:write"`)).isProblem(t, 404, "User not found")
			if ambiguous := strings.Replace(path, "/1", "/1%2F2", 1); ambiguous != path {
				s.do(t, method, ambiguous, body, good).isProblem(t, 400, "The request path contains an encoded slash.")
			}
		})
	}
}

// TestUnknownParametersAreIgnored at every operation under /api/: libraries, cache busters
// and links in mails add their own.
func TestUnknownParametersAreIgnored(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	for _, route := range contract.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if !strings.HasPrefix(path, "/api/") {
			continue
		}
		const query = "?utm_source=mail&utm_source=x&_=17&Authorization=x&colour"
		if strings.HasSuffix(path, "/events") {
			s.watchAt(t, strings.Replace(path, "{user_id}", "me", 1)+query, token)
			continue
		}
		t.Run(route, func(t *testing.T) {
			made := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
			_, id, _ := strings.Cut(made.Header.Get("Location"), "/tasks/")
			path := strings.NewReplacer("{user_id}", "me", "{id}", id).Replace(path)
			if res := s.do(t, method, path+query, contract.Body(t, route), token); res.StatusCode >= 300 {
				t.Errorf("got %d %s", res.StatusCode, res.body)
			}
		})
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	res := s.do(t, "GET", "/openapi.json", "", nil)
	res.is(t, 200, string(openAPI))
	tag := http.Header{"If-None-Match": {res.Header.Get("Etag")}}
	if res := s.do(t, "GET", "/openapi.json", "", tag); res.StatusCode != 304 || res.body != "" {
		t.Errorf("got %d %s, want an empty 304", res.StatusCode, res.body)
	}
	s.do(t, "GET", "/docs/nothing.js", "", nil).isProblem(t, 404, "There is nothing at this path.")
	s.do(t, "GET", "/docs/a%2Fb", "", nil).isProblem(t, 400, "The request path contains an encoded slash.")
	for _, path := range []string{"/docs", "/docs/", "/docs/start.js", "/docs/swagger-ui.css", "/docs/favicon-32x32.png"} {
		res := s.do(t, "GET", path, "", nil)
		if res.StatusCode != 200 || res.body == "" {
			t.Errorf("%s: got %d with %d bytes", path, res.StatusCode, len(res.body))
		}
		if tag := res.Header.Get("Etag"); tag != "" {
			if res := s.do(t, "GET", path, "", http.Header{"If-None-Match": {tag}}); res.StatusCode != 304 {
				t.Errorf("%s: got %d for what is known, want 304", path, res.StatusCode)
			}
		}
	}
	if res := s.do(t, "HEAD", "/openapi.json", "", nil); res.StatusCode != 200 || res.body != "" {
		t.Errorf("HEAD: got %d %s, want an empty 200", res.StatusCode, res.body)
	}
}
