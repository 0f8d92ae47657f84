package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/mux"
)

func TestTheRouterAnswersInTheSurfacesShape(t *testing.T) {
	t.Parallel()
	router := NewRouter(writeTestError)
	var matched, id string
	route := func(path string, methods ...string) {
		router.HandleFunc(path, func(_ http.ResponseWriter, r *http.Request) {
			matched, id = path, mux.Vars(r)["id"]
		}).Methods(methods...)
	}
	route("/things", http.MethodGet, http.MethodHead)
	route("/things", http.MethodPost)
	route("/things/{id}", http.MethodDelete)
	route("/things/{id}", http.MethodPut, http.MethodPatch)

	tests := []struct {
		method, target string
		status         int
		matched, id    string
		allow          string
	}{
		{"GET", "/things", 200, "/things", "", ""},
		{"HEAD", "/things", 200, "/things", "", ""},
		{"POST", "/things?x=1", 200, "/things", "", ""},
		{"PATCH", "/things/7", 200, "/things/{id}", "7", ""},
		{"DELETE", "/things/a%2Fb", 200, "/things/{id}", "a%2Fb", ""}, // not decoded: CheckPath decides about it
		{"DELETE", "/things/..", 200, "/things/{id}", "..", ""},       // not cleaned
		{"DELETE", "/things", 405, "", "", "GET, HEAD, POST"},
		{"OPTIONS", "/things", 405, "", "", "GET, HEAD, POST"},
		{"TRACE", "/things", 405, "", "", "GET, HEAD, POST"},
		{"CONNECT", "/things", 405, "", "", "GET, HEAD, POST"},
		{"get", "/things", 405, "", "", "GET, HEAD, POST"},
		{"BREW", "/things", 405, "", "", "GET, HEAD, POST"},
		{"GET", "/things/7", 405, "", "", "PUT, PATCH, DELETE"},
		{"HEAD", "/things/7", 405, "", "", "PUT, PATCH, DELETE"},
		{"GET", "/", 404, "", "", ""},
		{"GET", "/other", 404, "", "", ""},
		{"BREW", "/other", 404, "", "", ""},
		{"GET", "/Things", 404, "", "", ""},
		{"GET", "/things/", 404, "", "", ""}, // and no redirect
		{"POST", "/things/", 404, "", "", ""},
		{"POST", "//things", 404, "", "", ""},
		{"POST", "/x/../things", 404, "", "", ""},
		{"DELETE", "/things/7/8", 404, "", "", ""},
	}
	for _, tt := range tests {
		matched, id = "", ""
		w := httptest.NewRecorder()
		r, err := http.NewRequest(tt.method, "http://x"+tt.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		router.ServeHTTP(w, r)
		if w.Code != tt.status || matched != tt.matched || id != tt.id {
			t.Errorf("%s %s: got %d, route %q, id %q, want %d, %q, %q", tt.method, tt.target, w.Code, matched, id, tt.status, tt.matched, tt.id)
		}
		if got := w.Header().Get("Allow"); got != tt.allow {
			t.Errorf("%s %s: got Allow: %q, want %q", tt.method, tt.target, got, tt.allow)
		}
		if tt.status < 400 {
			continue
		}
		var body struct{ Code string }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Code == "" {
			t.Errorf("%s %s: got %q, want the surface's shape", tt.method, tt.target, w.Body)
		}
	}
}

func TestMethodNotAllowedAlwaysHasAllow(t *testing.T) {
	t.Parallel()
	e := MethodNotAllowed("BREW", nil)
	if _, ok := e.Header["Allow"]; !ok || e.Status != http.StatusMethodNotAllowed {
		t.Errorf("got %d with %v, want 405 with an empty Allow", e.Status, e.Header)
	}
}
