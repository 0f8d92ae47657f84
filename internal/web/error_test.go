package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// away is the error of an unavailable database.
type away struct{}

func (away) Error() string     { return "database unavailable" }
func (away) Unavailable() bool { return true }

func TestAnyErrorBecomesAnAnswer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err        error
		status     int
		code       string
		retryAfter string
	}{
		"a refusal":           {Refuse(http.StatusForbidden, "NO", "no"), 403, "NO", ""},
		"a wrapped refusal":   {fmt.Errorf("reading: %w", Refuse(http.StatusForbidden, "NO", "no")), 403, "NO", ""},
		"a body too large":    {fmt.Errorf("reading: %w", &http.MaxBytesError{Limit: 5}), 413, "BODY_TOO_LARGE", ""},
		"the store away":      {fmt.Errorf("query: %w", away{}), 503, "STORE_UNAVAILABLE", "2"},
		"a query too slow":    {fmt.Errorf("query: %w", context.DeadlineExceeded), 503, "STORE_UNAVAILABLE", "2"},
		"a body broken":       {BrokenBody(errors.New("malformed chunk")), 400, "BAD_REQUEST", ""},
		"a body too slow":     {BrokenBody(fmt.Errorf("read: %w", os.ErrDeadlineExceeded)), 408, "REQUEST_TIMEOUT", ""},
		"something cancelled": {context.Canceled, 500, "INTERNAL_SERVER_ERROR", ""},
		"anything else":       {errors.New("pq: secret detail"), 500, "INTERNAL_SERVER_ERROR", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := AsError(tt.err)
			if e.Status != tt.status || e.Code != tt.code || e.Header.Get("Retry-After") != tt.retryAfter {
				t.Errorf("got %d %s with Retry-After %q, want %d %s with %q",
					e.Status, e.Code, e.Header.Get("Retry-After"), tt.status, tt.code, tt.retryAfter)
			}
			if strings.Contains(e.Message, "secret") || strings.Contains(e.Message, "query") {
				t.Errorf("got message %q, which tells the cause", e.Message)
			}
			if e.Status != http.StatusForbidden && e.Status != http.StatusRequestEntityTooLarge && !errors.Is(e, errors.Unwrap(tt.err)) && !errors.Is(e, tt.err) {
				t.Errorf("got %v, which has lost its cause", e)
			}
		})
	}
}

func TestARefusalIsCopiedNotChanged(t *testing.T) {
	t.Parallel()
	base := Refuse(http.StatusUnauthorized, "NO", "no").With("WWW-Authenticate", "Bearer")
	cause := errors.New("cause")
	changed := base.With("WWW-Authenticate", "Basic").With("Retry-After", "1").Because(cause)
	if got := base.Header.Get("WWW-Authenticate"); got != "Bearer" || len(base.Header) != 1 || base.Err != nil {
		t.Errorf("got the original changed: %v, %v", base.Header, base.Err)
	}
	if !errors.Is(changed, cause) || changed.Header.Get("WWW-Authenticate") != "Basic" || changed.Error() != "no: cause" {
		t.Errorf("got %v with %v, want the cause and its own header", changed, changed.Header)
	}
}

func TestARefusalHasNoHeadersOfTheIntendedBody(t *testing.T) {
	t.Parallel()
	h := Handle(func(w http.ResponseWriter, _ *http.Request) error {
		for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Range", "ETag", "Last-Modified"} {
			w.Header().Set(name, "1")
		}
		w.Header().Set("Set-Cookie", "session=; Max-Age=0")
		return Refuse(http.StatusUnauthorized, "NO", "no").With("WWW-Authenticate", "Bearer")
	}, writeTestError)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Range", "ETag", "Last-Modified"} {
		if got := w.Header().Get(name); got != "" {
			t.Errorf("got %s: %s, want none", name, got)
		}
	}
	for name, want := range map[string]string{
		"Set-Cookie": "session=; Max-Age=0", "WWW-Authenticate": "Bearer", "Content-Type": "application/json",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("got %s: %s, want %s", name, got, want)
		}
	}
}
