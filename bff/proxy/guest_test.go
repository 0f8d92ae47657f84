package proxy

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/fair"
	"vestibule/internal/waittest"
	"vestibule/internal/web"
)

// asGuest lets every request pass without a session.
func asGuest(c *Config) {
	c.Authorize = func(*http.Request) (Grant, error) { return Grant{}, nil }
}

// TestAGuestSendsNoToken: neither ours nor what it sent itself.
func TestAGuestSendsNoToken(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api, asGuest)
	res, body := r.do(r.request(t.Context(), http.MethodPost, "/api/proxy/x", strings.NewReader("body"), "Authorization", "Bearer mine"))
	got := api.onlyRequest(t)
	if res.StatusCode != http.StatusOK || body != "ok" || got.body != "body" {
		t.Errorf("got %d %q, and the API got %q", res.StatusCode, body, got.body)
	}
	for _, name := range []string{"Authorization", "Cookie"} {
		if got.Header[name] != nil {
			t.Errorf("the API got %s: %q", name, got.Header[name])
		}
	}
}

// TestGuestsShareThePlacesOfTheirAddress and not those of one user.
func TestGuestsShareThePlacesOfTheirAddress(t *testing.T) {
	t.Parallel()
	api := newHangingAPI()
	limits := NewLimits(20, 1) // 2 for a user, 4 for an address
	r := newRig(t, api, asGuest, func(c *Config) { c.Limits = limits })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 4 {
		go func() { _, _ = r.roundTrip(r.request(ctx, http.MethodGet, "/api/proxy/x", nil)) }()
	}
	waittest.Until(t, "the places of the address are taken", func() bool {
		taken, _ := limits.all.Load()
		return taken == 4
	})
	res, body := r.get("/api/proxy/x")
	r.wantError(res, body, http.StatusTooManyRequests, "TOO_MANY_REQUESTS")
}

// TestProxiesShareTheirLimits: a user has no more places because there are more routes.
func TestProxiesShareTheirLimits(t *testing.T) {
	t.Parallel()
	api := newHangingAPI()
	limits := NewLimits(10, 1) // 1 for a user
	share := func(c *Config) { c.Limits = limits }
	first, second := newRig(t, api, share), newRig(t, api, share)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, _ = first.roundTrip(first.request(ctx, http.MethodGet, "/api/proxy/x", nil)) }()
	waittest.Until(t, "the place of the user is taken", func() bool {
		taken, _ := limits.all.Load()
		return taken == 1
	})
	res, body := second.get("/api/proxy/x")
	second.wantError(res, body, http.StatusTooManyRequests, "TOO_MANY_REQUESTS")
}

// newHangingAPI returns an API that answers nothing until its client leaves.
func newHangingAPI() http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

// TestAGuestsStreamTakesAPlace: the grant decides how many there are.
func TestAGuestsStreamTakesAPlace(t *testing.T) {
	t.Parallel()
	full := web.Refuse(http.StatusTooManyRequests, "TOO_MANY_STREAMS", "Too many streams are open.")
	r := newRig(t, newHangingAPI(), func(c *Config) {
		c.Authorize = func(*http.Request) (Grant, error) {
			return Grant{Stream: func(context.Context, func()) (func(), error) { return nil, full.Because(errors.Join(fair.ErrKey)) }}, nil
		}
	})
	res, body := r.get("/api/proxy/events", "Accept", "text/event-stream")
	r.wantError(res, body, http.StatusTooManyRequests, "TOO_MANY_STREAMS")
}

// TestAGuestIsToldToSignIn by the API itself. No token of ours was refused.
func TestAGuestIsToldToSignIn(t *testing.T) {
	t.Parallel()
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(http.StatusUnauthorized)
	}), asGuest)
	if res, _ := r.get("/api/proxy/x"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d, want the API's 401", res.StatusCode)
	}
}

// TestOneAPITakesNoPlacesFromAllOthers: it hangs, by whichever route, and the other one still
// answers.
func TestOneAPITakesNoPlacesFromAllOthers(t *testing.T) {
	t.Parallel()
	limits := NewLimits(4, 2)
	hanging := newRig(t, newHangingAPI(), asGuest, func(c *Config) { c.Limits, c.Path = limits, "/api/a/" })
	second := newRig(t, hanging.api.String(), asGuest, func(c *Config) { c.Limits, c.Path = limits, "/api/a2/" })
	healthy := newRig(t, newRecorder(), asGuest, func(c *Config) { c.Limits, c.Path = limits, "/api/b/" })
	limits.addresses = NewLimits(100, 1).addresses // the bound of one address is not what is tested
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 2 {
		go func() { _, _ = hanging.roundTrip(hanging.request(ctx, http.MethodGet, "/api/a/x", nil)) }()
	}
	waittest.Until(t, "half of the places are taken", func() bool {
		taken, _ := limits.all.Load()
		return taken == 2
	})
	res, body := hanging.get("/api/a/x")
	hanging.wantError(res, body, http.StatusServiceUnavailable, "BUSY")
	res, body = second.get("/api/a2/x")
	second.wantError(res, body, http.StatusServiceUnavailable, "BUSY")
	if res, _ := healthy.get("/api/b/x"); res.StatusCode != http.StatusOK {
		t.Errorf("the other API: got %d", res.StatusCode)
	}
}
