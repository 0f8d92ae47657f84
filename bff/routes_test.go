package bff

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"vestibule/internal/storetest"
)

// TestTheProxyIsFoundWhereTheRouterFindsIt: routes looks for it before the router does.
func TestTheProxyIsFoundWhereTheRouterFindsIt(t *testing.T) {
	t.Parallel()
	base := &url.URL{Scheme: "http", Host: "localhost:3000"}
	s, err := New(t.Context(), Config{BaseURL: base, Backend: base, Secret: make([]byte, 32), Mail: MailConfig{Folder: t.TempDir()}}, Deps{Store: storetest.SQLite(t)})
	if err != nil {
		t.Fatal(err)
	}
	router, routes := s.router(), s.routes()
	for _, target := range []string{
		"/api/proxy/", "/api/proxy/x", "/api/proxy", "/api/proxy?x", "/api/proxyx", "/API/proxy/x", "/api/Proxy/x",
		"//api/proxy/x", "/api//proxy/x", "/api/proxy//x", "/api/proxy/../x", "/x/../api/proxy/x", "/api/proxy/%2e%2e/x",
		"/api%2Fproxy/x", "/api/proxy%2Fx", "/api/%70roxy/x", "/%61pi/proxy/x", "/api/proxy/%2F", "/api/proxy/x|", "/api/proxy/x%2F|",
		"/api/proxy/\u00e4", "/api/proxy/x;y", "/api;x/proxy/x", "/api/proxy\\x", `/api\proxy/x`, "/api/proxy/%00", "/", "/api/", "/api/ok", "/tasks",
		"http://localhost:3000/api/proxy/x", "http://evil.example//api/proxy/x", "http:/api/proxy/x", "*",
	} {
		u, err := url.ParseRequestURI(target) // as net/http does
		if err != nil {
			continue
		}
		for _, method := range []string{"GET", "POST", "OPTIONS", "TRACE"} {
			answer := func(h http.Handler) (status int, body string) {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, &http.Request{Method: method, URL: u, Host: "localhost:3000", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, RequestURI: target, RemoteAddr: "192.0.2.1:1"})
				return w.Code, w.Body.String()
			}
			status, body := answer(routes)
			if wantStatus, want := answer(router); status != wantStatus || body != want {
				t.Errorf("%s %s: got %d %s, the router answers %d %s", method, target, status, body, wantStatus, want)
			}
		}
	}
}
