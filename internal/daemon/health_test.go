package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/bff/token"
	"vestibule/store"
	"vestibule/store/db"
)

// probed returns the answer of a probe, and how long it took.
func probed(a *admin, path string) (code int, body string, took time.Duration) {
	begun := time.Now()
	w := httptest.NewRecorder()
	a.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String(), time.Since(begun)
}

func TestOnlyItsOwnFaultMakesAnInstanceUnready(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		shared bool // whether other instances use the same database
		ready  bool
	}{
		{"the database is away", fmt.Errorf("ping: %w: connection refused", store.ErrUnavailable), true, true},
		{"the database is silent", errBeatHangs, true, true},
		{"a check hangs", errProbeTimeout, true, true},
		{"the schema is too old", fmt.Errorf("write: %w", db.ErrBehind), true, false},
		{"the database's user may not write", db.ErrForbidden, true, false},
		{"the keys cannot be decrypted", token.ErrSecretDiffers, true, false},
		{"a listener is closed", errNotListening, true, false},
		{"the file is away", fmt.Errorf("ping: %w", store.ErrUnavailable), false, false},
		{"the file was replaced", fmt.Errorf("write: %w", db.ErrReplaced), false, false},
		{"the disk hangs", errBeatHangs, false, false},
		{"a check of the file hangs", errProbeTimeout, false, false},
		{"the file's schema is too old", db.ErrBehind, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &admin{log: discard, shared: tt.shared, checks: []probe{
				{"one", func(context.Context) error { return nil }},
				{"two", func(context.Context) error { return tt.err }},
			}}
			code, body, _ := probed(a, "/readyz")
			want, text := http.StatusServiceUnavailable, `{"status":"failing","checks":{"one":"ok","two":"failing"}}`
			if tt.ready {
				want, text = http.StatusOK, `{"status":"ok","checks":{"one":"ok","two":"away"}}`
			}
			if code != want || body != text {
				t.Errorf("readyz: got %d %s, want %d %s", code, body, want, text)
			}
			code, body, _ = probed(a, "/healthz")
			if code != http.StatusServiceUnavailable || !strings.Contains(body, `"two":"failing"`) {
				t.Errorf("healthz: got %d %s, want 503 that names the check", code, body)
			}
		})
	}
}

// A kubelet waits a second for an answer. One that takes longer is a failure, so a silent
// database must not delay /readyz that much.
func TestASilentDatabaseDoesNotDelayReadiness(t *testing.T) {
	for shared, want := range map[bool]struct {
		code int
		took time.Duration
	}{true: {http.StatusOK, readyTimeout}, false: {http.StatusServiceUnavailable, checkTimeout}} {
		synctest.Test(t, func(t *testing.T) {
			hang := make(chan struct{})
			a := &admin{log: discard, shared: shared, checks: []probe{
				probe{"database", func(context.Context) error { <-hang; return nil }}.bounded(),
			}}
			if code, _, took := probed(a, "/readyz"); code != want.code || took != want.took {
				t.Errorf("shared %t: readyz: got %d after %v, want %d after %v", shared, code, took, want.code, want.took)
			}
			if code, _, took := probed(a, "/healthz"); code != http.StatusServiceUnavailable || took > checkTimeout {
				t.Errorf("shared %t: healthz: got %d after %v, want 503 after at most %v", shared, code, took, checkTimeout)
			}
			close(hang)
		})
	}
}

func TestAStopIsNoFaultForAlerts(t *testing.T) {
	a := &admin{log: discard}
	closed := &server{}
	a.checks = []probe{a.listening([]*server{closed}), {"two", func(context.Context) error { return nil }}}
	if code, _, _ := probed(a, "/healthz"); code != http.StatusServiceUnavailable {
		t.Errorf("a closed listener: got healthz %d, want 503", code)
	}
	a.stopping.Store(true)
	if code, _, _ := probed(a, "/healthz"); code != http.StatusOK {
		t.Errorf("while it stops: got healthz %d, want 200", code)
	}
	if code, body, _ := probed(a, "/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, `"status":"stopping"`) {
		t.Errorf("while it stops: got readyz %d %s, want 503", code, body)
	}
	a.checks[1].check = func(context.Context) error { return errors.New("bad") }
	if code, _, _ := probed(a, "/healthz"); code != http.StatusServiceUnavailable {
		t.Errorf("a fault while it stops: got healthz %d, want 503", code)
	}
}

func TestAlertsFailHealthzAlone(t *testing.T) {
	for _, shared := range []bool{true, false} {
		a := &admin{log: discard, shared: shared, alerts: []probe{{"two", func(context.Context) error { return errors.New("bad") }}}}
		if code, body, _ := probed(a, "/readyz"); code != http.StatusOK || strings.Contains(body, "two") {
			t.Errorf("shared %t: got readyz %d %s, want 200 without the check", shared, code, body)
		}
		if code, body, _ := probed(a, "/healthz"); code != http.StatusServiceUnavailable || !strings.Contains(body, `"two":"failing"`) {
			t.Errorf("shared %t: got healthz %d %s, want 503 that names the check", shared, code, body)
		}
	}
}

// Monitors use /healthz, and a stop does not wait for them.
func TestPollsOfHealthzDelayNoStop(t *testing.T) {
	a := &admin{log: discard}
	for range 2 * pollsToBeRegular {
		probed(a, "/healthz")
	}
	if len(a.polls.pollers) != 0 {
		t.Errorf("got %d pollers, want none", len(a.polls.pollers))
	}
}

// vestibule health is no load balancer, but what else asks /readyz may be one.
func TestChecksOfAContainerDelayNoStop(t *testing.T) {
	for agent, want := range map[string]int{HealthAgent: 0, "kube-probe/1.30": 1} {
		a := &admin{log: discard}
		for range pollsToBeRegular {
			r := httptest.NewRequest(http.MethodGet, "/readyz", nil)
			r.Header.Set("User-Agent", agent)
			a.handler().ServeHTTP(httptest.NewRecorder(), r)
		}
		if len(a.polls.pollers) != want {
			t.Errorf("%s: got %d pollers, want %d", agent, len(a.polls.pollers), want)
		}
	}
}

// TestAStricterCheckIsForAlertsOnly: /healthz has it in place of the one of the same name.
func TestAStricterCheckIsForAlertsOnly(t *testing.T) {
	bad := func(context.Context) error { return errors.New("bad") }
	good := func(context.Context) error { return nil }
	a := &admin{log: discard, checks: []probe{{"keys", good}, {"other", good}}, alerts: []probe{{"keys", bad}}}
	for path, want := range map[string]string{
		"/readyz":  `{"status":"ok","checks":{"keys":"ok","other":"ok"}}`,
		"/healthz": `{"status":"failing","checks":{"keys":"failing","other":"ok"}}`,
	} {
		if _, body, _ := probed(a, path); body != want {
			t.Errorf("%s: got %s, want %s", path, body, want)
		}
	}
}
