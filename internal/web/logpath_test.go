package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"vestibule/internal/waittest"
)

func TestPathsInTheLog(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"":                                 "",
		"/":                                "/",
		"/api/auth/login":                  "/api/auth/login",
		"/a%20b/\u202e":                    "/a%20b/%E2%80%AE",
		"/api/auth/reset-password":         "/api/auth/reset-password",
		"/api/auth/reset-password/":        "/api/auth/reset-password/",
		"/reset-password":                  "/reset-password",
		"/API/Auth/RESET-PASSWORD":         "/API/Auth/RESET-PASSWORD",
		"/api/auth/request-password-reset": "/api/auth/request-password-reset",
		"/api/auth/reset-password/T0KEN":   "/api/auth/reset-password/{token}",
		"/api/auth/undo-email%3Ftoken=q7cQ2vJ0mX3nT8yB5kR1sL6wD9fH4gZ2aE0uP7iO3xc": "/api/auth/undo-email%3Ftoken={token}",
		"/api/auth/verify-email/q7cQ2vJ0mX3nT8yB5kR1sL6wD9fH4gZ2aE0uP7iO3xc/x":     "/api/auth/verify-email/{token}/x",
		"/api/auth/reset-password/T0KEN/":                                          "/api/auth/reset-password/{token}",
		"/API/auth/Reset-Password/T0KEN":                                           "/API/auth/reset-password/{token}",
		"//api//auth//reset-password//T0KEN":                                       "//api//auth//reset-password/{token}",
		"/app/api/auth/reset-password/T0KEN/x":                                     "/app/api/auth/reset-password/{token}",
		"/api/auth/reset%2dpassword/T0KEN":                                         "/api/auth/reset-password/{token}",
		"/api/auth/%72eset-password/T0KEN":                                         "/api/auth/reset-password/{token}",
		"/api/auth/%2572eset-password/T0KEN":                                       "/api/auth/reset-password/{token}",
		"/api/auth/%2572eset-password%25zz/T0K":                                    "/api/auth/reset-password/{token}",
		"/api/auth/reset-password%2FT0KEN":                                         "/api/auth/reset-password/{token}",
		"/api/auth/reset-password%5CT0KEN":                                         "/api/auth/reset-password/{token}",
		"/api/auth/reset-password;/T0KEN":                                          "/api/auth/reset-password/{token}",
		"/api/auth/reset-password=T0KEN":                                           "/api/auth/reset-password/{token}",
		"/api/auth/reset_password/T0KEN":                                           "/api/auth/reset-password/{token}",
		"/api/auth/resetpassword/T0KEN":                                            "/api/auth/reset-password/{token}",
		"/api%2Fauth%2Freset-password%2FT0KEN":                                     "/reset-password/{token}",
		"/%25%32%35%32%35x/reset-password/T0KEN":                                   "/%25%32%35%32%35x/reset-password/{token}",
		"/api/proxy/v1/reset-password/T0KEN":                                       "/api/proxy/v1/reset-password/{token}",
	} {
		u, err := url.Parse("http://host" + path)
		if err != nil {
			t.Fatal(err)
		}
		if got := LogPath(u); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestAHiddenPathIsNotInTheLog(t *testing.T) {
	t.Parallel()
	var log logBuffer
	clients, err := NewClientIPs(nil)
	if err != nil {
		t.Fatal(err)
	}
	h := RequestLog{Log: log.logger(), Surface: "bff", Errors: writeTestError, Clients: clients}.Wrap(http.NotFoundHandler())
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x/Reset-Password/s3cret", nil))
	if got := log.records(t, 1)[0]["path"]; got != "/x/reset-password/{token}" || strings.Contains(log.String(), "s3cret") {
		t.Errorf("got path %v in %s", got, log.String())
	}
}

// FuzzLogPath checks that nothing follows the name, however the path is spelled.
func FuzzLogPath(f *testing.F) {
	f.Add("/api/auth/", "reset-password", "/x")
	f.Add("//", "%52eset%2Dpassword", "%2F")
	f.Fuzz(func(t *testing.T, before, name, after string) {
		u := &url.URL{Path: before + name + after + "s3cret"}
		plain, err := url.PathUnescape(name)
		if err != nil || strings.ToLower(plain) != "reset-password" {
			return
		}
		if got := LogPath(u); strings.Contains(got, "s3cret") && !strings.Contains(before, "s3cret") {
			t.Errorf("%q: got %q", u.Path, got)
		}
	})
}

func TestTheLogHoldsNoDeceptiveTextAndNoSecret(t *testing.T) {
	t.Parallel()
	handlers := map[string]func(io.Writer) slog.Handler{
		"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"json": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log logBuffer
			ts := startServer(t, testHandler(slog.New(handler(&log)), DefaultDeadlines, func(_ http.ResponseWriter, r *http.Request) error {
				return CheckPath(r)
			}))
			c := dial(t, ts)
			c.send("GET /a%0Alevel=ERROR%1b%5B2J%00%E2%80%AE\u202e\"?token=secret HTTP/1.1\r\nHost: secret\r\nAuthorization: Bearer secret\r\nCookie: a=secret\r\n\r\n")
			c.wantStatus(http.StatusBadRequest)
			waittest.Until(t, "the record", func() bool { return strings.HasSuffix(log.String(), "\n") })
			got := log.String()
			if strings.Count(got, "\n") != 1 || strings.Contains(got, "secret") || !strings.Contains(got, `/a%0Alevel`) {
				t.Errorf("got %q, want one line with the path as it was sent and no secret", got)
			}
			for _, c := range strings.TrimSuffix(got, "\n") {
				if !unicode.IsPrint(c) {
					t.Fatalf("got %q in the log line %q", c, got)
				}
			}
		})
	}
}
