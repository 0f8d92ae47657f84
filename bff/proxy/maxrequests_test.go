package proxy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/fair"
	"vestibule/internal/waittest"
)

// hanging is an API that waits before it answers.
type hanging struct{ answer chan struct{} }

func (a hanging) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-a.answer:
		_, _ = io.WriteString(w, "late")
	case <-r.Context().Done():
	}
}

// requestAs builds a request from the given user.
func (r *rig) requestAs(ctx context.Context, user, method, path string, body io.Reader) *http.Request {
	req := r.request(ctx, method, path, body)
	req.Header.Set("Cookie", user)
	return req
}

// begin sends a request from the given user and waits until it is counted.
func (r *rig) begin(ctx context.Context, user string) <-chan int {
	r.Helper()
	before, done := r.proxy.limits.users.Held(user), make(chan int, 1)
	go func() {
		res, err := r.roundTrip(r.requestAs(ctx, user, http.MethodGet, "/api/proxy/x", nil))
		if err != nil {
			done <- 0
			return
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		done <- res.StatusCode
	}()
	waittest.Until(r, "the request is under way", func() bool { return r.proxy.limits.users.Held(user) == before+1 })
	return done
}

func (r *rig) wantRefused(user, method string, status int, code string) {
	r.Helper()
	res, body := r.do(r.requestAs(r.Context(), user, method, "/api/proxy/x", strings.NewReader(strings.Repeat("x", 100))))
	r.wantError(res, body, status, code)
	if res.Header.Get("Retry-After") == "" {
		r.Error("got no Retry-After")
	}
}

func (r *rig) wantUnderWay(want int) {
	r.Helper()
	waittest.Until(r, fmt.Sprint(want, " requests are under way"), func() bool {
		taken, _ := r.proxy.limits.users.Load()
		return taken == want
	})
}

func (r *rig) wantWaiting(want int) {
	r.Helper()
	waittest.Until(r, fmt.Sprint(want, " requests wait for the API"), func() bool {
		taken, _ := r.proxy.limits.all.Load()
		return taken == want
	})
}

func maxRequests(n int) func(*Config) { return func(c *Config) { c.Limits = NewLimits(n, 1) } }

// addressPerUser gives each user a different address.
func addressPerUser(c *Config) {
	c.ClientIP = func(r *http.Request) string {
		sum := crc32.ChecksumIEEE([]byte(r.Header.Get("Cookie")))
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, sum))).String()
	}
}

func TestRequestsThatWaitForTheAPIAreBounded(t *testing.T) {
	t.Parallel()
	forEachTransport(t, func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig) {
		api := hanging{make(chan struct{})}
		r := start(api, maxRequests(20), addressPerUser)
		var waiting []<-chan int
		for user := range 10 {
			for range 2 {
				waiting = append(waiting, r.begin(t.Context(), fmt.Sprint("user", user)))
			}
			for _, method := range methods {
				if method != http.MethodHead {
					r.wantRefused(fmt.Sprint("user", user), method, http.StatusTooManyRequests, "TOO_MANY_REQUESTS")
				}
			}
		}
		r.wantRefused("another", http.MethodPost, http.StatusServiceUnavailable, "BUSY")
		// An answered request frees its place, for its user and for others.
		api.answer <- struct{}{}
		r.wantUnderWay(19)
		waiting = append(waiting, r.begin(t.Context(), "another"))
		r.wantRefused("another", http.MethodPost, http.StatusServiceUnavailable, "BUSY")
		close(api.answer)
		for _, done := range waiting {
			if status := waittest.Receive(t, "an answer", done); status != http.StatusOK {
				t.Errorf("got %d, want 200", status)
			}
		}
		r.wantUnderWay(0)
	})
}

// TestUsersOfOneAddressShareAFifthOfThePlaces: one address can sign up any number of users.
func TestUsersOfOneAddressShareAFifthOfThePlaces(t *testing.T) {
	t.Parallel()
	forEachTransport(t, func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig) {
		api := hanging{make(chan struct{})}
		defer close(api.answer)
		var elsewhere atomic.Bool
		r := start(api, maxRequests(20), func(c *Config) {
			c.ClientIP = func(*http.Request) string {
				if elsewhere.Load() {
					return "192.0.2.2"
				}
				return "192.0.2.1"
			}
		})
		for user := range 4 {
			r.begin(t.Context(), fmt.Sprint("user", user))
		}
		r.wantRefused("another", http.MethodPost, http.StatusTooManyRequests, "TOO_MANY_REQUESTS")
		elsewhere.Store(true)
		r.begin(t.Context(), "another")
		r.wantUnderWay(5)
	})
}

func TestAPlaceIsReleasedHoweverARequestEnds(t *testing.T) {
	t.Parallel()
	forEachTransport(t, func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig) {
		t.Run("its client leaves", func(t *testing.T) {
			r := start(hanging{}, maxRequests(10))
			ctx, leave := context.WithCancel(t.Context())
			done := r.begin(ctx, "user")
			r.wantRefused("user", http.MethodGet, http.StatusTooManyRequests, "TOO_MANY_REQUESTS")
			leave()
			waittest.Receive(t, "the end", done)
			r.wantUnderWay(0)
		})
		t.Run("the API is too slow", func(t *testing.T) {
			r := start(hanging{}, maxRequests(10), func(c *Config) { c.Timeout = 50 * time.Millisecond })
			res, body := r.get("/api/proxy/x")
			r.wantError(res, body, http.StatusGatewayTimeout, "GATEWAY_TIMEOUT")
			r.wantUnderWay(0)
		})
		t.Run("the session ends", func(t *testing.T) {
			r := start(hanging{}, maxRequests(10))
			done := r.begin(t.Context(), "user")
			r.endSession()
			if status := waittest.Receive(t, "an answer", done); status != http.StatusUnauthorized {
				t.Errorf("got %d, want 401", status)
			}
			r.wantUnderWay(0)
		})
		t.Run("the API breaks off", func(t *testing.T) {
			r := start(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), maxRequests(10))
			res, body := r.get("/api/proxy/x")
			r.wantError(res, body, http.StatusBadGateway, "BAD_GATEWAY")
			r.wantUnderWay(0)
		})
	})
}

// TestAFullServerIsNotTheFaultOfItsClients: the BFF delays the answers to those that have too much.
func TestAFullServerIsNotTheFaultOfItsClients(t *testing.T) {
	t.Parallel()
	limits := NewLimits(1, 1)
	var first, second, third requestPlaces
	if err := first.acquire(limits, "", "ada", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	defer first.releaseAll()
	if err := second.acquire(limits, "", "bob", "192.0.2.2"); !errors.Is(err, fair.ErrAll) || errors.Is(err, fair.ErrKey) {
		t.Errorf("another client: got %v, want %v", err, fair.ErrAll)
	}
	second.releaseAll()
	if err := third.acquire(limits, "", "ada", "192.0.2.1"); !errors.Is(err, fair.ErrKey) {
		t.Errorf("the same client: got %v, want %v", err, fair.ErrKey)
	}
	third.releaseAll()
}
