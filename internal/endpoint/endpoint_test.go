package endpoint_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/mux"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

func TestMount(t *testing.T) {
	says := func(text string) web.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) error {
			_, err := w.Write([]byte(text))
			return err
		}
	}
	write := func(w http.ResponseWriter, _ *http.Request, e *web.Error) { http.Error(w, e.Code, e.Status) }
	oauth := func(w http.ResponseWriter, _ *http.Request, e *web.Error) { http.Error(w, "oauth", e.Status) }
	refuses := func(http.ResponseWriter, *http.Request) error { return web.ErrNotFound }
	router := web.NewRouter(write)
	endpoint.Mount(router, write, []endpoint.Endpoint{
		{Method: "GET", Path: "/long", Short: "/short", Handler: says("a")},
		{Method: "GET", Path: "/once", Handler: says("b"), NoHead: true},
		{Method: "POST", Path: "/once", Handler: says("c")},
		{Method: "GET", Path: "/never", Handler: says("d"), Match: func(*http.Request, *mux.RouteMatch) bool { return false }},
		{Method: "GET", Path: "/described"},
		{Method: "GET", Path: "/refuses", Handler: refuses},
		{Method: "GET", Path: "/refuses/oauth", Handler: refuses, Write: oauth},
	})
	for _, tt := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/long", 200, "a"}, {"GET", "/short", 200, "a"}, {"HEAD", "/short", 200, "a"}, {"POST", "/short", 405, "METHOD_NOT_ALLOWED\n"},
		{"GET", "/once", 200, "b"}, {"HEAD", "/once", 405, "METHOD_NOT_ALLOWED\n"}, {"POST", "/once", 200, "c"},
		{"GET", "/never", 404, "NOT_FOUND\n"}, {"GET", "/described", 404, "NOT_FOUND\n"},
		{"GET", "/refuses", 404, "NOT_FOUND\n"}, {"GET", "/refuses/oauth", 404, "oauth\n"},
	} {
		w := httptest.NewRecorder()
		router.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.status || w.Body.String() != tt.body {
			t.Errorf("%s %s: got %d %q, want %d %q", tt.method, tt.path, w.Code, w.Body, tt.status, tt.body)
		}
	}
}
