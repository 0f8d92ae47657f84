package bearer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/jose"
)

func TestARequestThatLeavesDoesNotEndTheFetchForOthers(t *testing.T) {
	key, fresh := newEdKey(t), newEdKey(t)
	i := &issuer{}
	i.Publishes(jwkOf(t, "known", key))
	s := newKeyedSurface(t, jose.EdDSA, i)
	s.waitUntilReady(t)

	asked, release := make(chan struct{}), make(chan struct{})
	i.Answers(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-release
		_, _ = io.WriteString(w, `{"keys":[`+jwkOf(t, "new", fresh)+`]}`)
	})
	token := edToken(t, "new", fresh)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := s.v.verify(ctx, token)
		left <- err
	}()
	<-asked
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
	close(release)
	s.tasks(t, token).is(t, 200, "[]")
}

// roundTripper answers without a socket: with a socket, synctest's clock would not move.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestKeysAreFetchedUntilThereAreSomeAndThenKeptFresh(t *testing.T) {
	var mostJitter time.Duration
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		i := &issuer{}
		i.Fails(500)
		var mu sync.Mutex
		var at []time.Duration // time of each fetch since the start
		j, err := newJWKS("JWKS_URL", "http://bff.test/jwks", jose.EdDSA, roundTripper(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			at = append(at, time.Since(start))
			mu.Unlock()
			w := httptest.NewRecorder()
			i.ServeHTTP(w, r)
			return w.Result(), nil
		}), slog.New(slog.DiscardHandler), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		j.jitter = func(most time.Duration) time.Duration {
			mostJitter = max(mostJitter, most)
			return 0
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			j.run(ctx)
		}()
		until := func(elapsed time.Duration) []time.Duration {
			time.Sleep(elapsed - time.Since(start))
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			seen := at
			at = nil
			return seen
		}
		is := func(what string, got []time.Duration, want ...float64) {
			t.Helper()
			var seconds []float64
			for _, d := range got {
				seconds = append(seconds, d.Seconds())
			}
			if fmt.Sprint(seconds) != fmt.Sprint(want) {
				t.Errorf("%s: got fetches at %v s, want %v s", what, seconds, want)
			}
		}
		is("nothing yet", until(18*time.Second), 0, 0.2, 0.6, 1.4, 3, 6.2, 11.2, 16.2)
		if j.ready() == nil {
			t.Error("ready: got nil without a key, want an error")
		}
		i.Publishes(jwkOf(t, "a", newEdKey(t)))
		is("published", until(100*time.Second), 21.2, 81.2)
		if err := j.ready(); err != nil {
			t.Errorf("ready: got %v, want nil", err)
		}
		i.Fails(500)
		is("an outage", until(160*time.Second), 141.2, 156.2)
		if err := j.ready(); err != nil {
			t.Errorf("ready in an outage: got %v, want nil", err)
		}
		if err := j.healthy(); err != nil {
			t.Errorf("healthy soon after a good fetch: got %v, want nil", err)
		}
		is("a long outage", until(220*time.Second), 171.2, 186.2, 201.2, 216.2)
		if j.ready() != nil || j.healthy() == nil {
			t.Errorf("a long outage: got ready %v and healthy %v, want only the second to fail", j.ready(), j.healthy())
		}
		i.Publishes(jwkOf(t, "a", newEdKey(t)))
		is("published again", until(235*time.Second), 231.2)
		if err := j.healthy(); err != nil {
			t.Errorf("healthy after an outage: got %v, want nil", err)
		}
		cancel()
		<-ended
	})
	if want := jwksRefresh / 4; mostJitter != want {
		t.Errorf("got a jitter of at most %v, want %v", mostJitter, want)
	}
}

// TestTwoInstancesDoNotFetchAtTheSameMoments for ever, although they have started together.
func TestTwoInstancesDoNotFetchAtTheSameMoments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{}
		i.Publishes(jwkOf(t, "a", newEdKey(t)))
		start := time.Now()
		var last [2]time.Duration
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for n := range last {
			j, err := newJWKS("JWKS_URL", "http://bff.test/jwks", jose.EdDSA, roundTripper(func(r *http.Request) (*http.Response, error) {
				last[n] = time.Since(start)
				w := httptest.NewRecorder()
				i.ServeHTTP(w, r)
				return w.Result(), nil
			}), slog.New(slog.DiscardHandler), time.Now)
			if err != nil {
				t.Fatal(err)
			}
			running.Go(func() { j.run(ctx) })
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if last[0] == last[1] {
			t.Errorf("got fetches of both after %v", last[0])
		}
		for _, at := range last {
			if 10*time.Minute-at > jwksRefresh {
				t.Errorf("got the last fetch after %v, want one a minute", at)
			}
		}
		cancel()
		running.Wait()
	})
}

func TestAHangingFetchTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, err := newJWKS("JWKS_URL", "http://bff.test/jwks", jose.EdDSA, roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}), slog.New(slog.DiscardHandler), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := j.refresh().wait(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a deadline", err)
		}
		if got := time.Since(start); got != jwksTimeout {
			t.Errorf("got an end after %v, want %v", got, jwksTimeout)
		}
	})
}
