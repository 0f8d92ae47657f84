package api

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"vestibule/internal/fair"
	"vestibule/internal/web"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// searching is a store that blocks as many searches as one user may run, until they are
// released. All other lists are complete and empty.
type searching struct {
	onePage
	count        *atomic.Int64
	begun, letGo chan struct{}
}

func (s searching) PageTasks(ctx context.Context, _ string, q tasks.Query, _ int) (iter.Seq2[tasks.Task, error], *tasks.Position, error) {
	if q.Search != "" && s.count.Add(1) <= searchesPerUser {
		s.begun <- struct{}{}
		select {
		case <-s.letGo:
		case <-ctx.Done():
		}
	}
	return func(func(tasks.Task, error) bool) {}, nil, ctx.Err()
}

func TestAUserSearchesAFewTimesAtOnce(t *testing.T) {
	t.Parallel()
	tasks := searching{count: new(atomic.Int64), begun: make(chan struct{}), letGo: make(chan struct{})}
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: tasks})
	const path = "/api/me/tasks?limit=50&q=x"
	var wg sync.WaitGroup
	for range searchesPerUser {
		wg.Go(func() {
			if got := s.do(t, "GET", path, "", auth(mint(t, ada))).StatusCode; got != 200 {
				t.Errorf("a search: got %d, want 200", got)
			}
		})
		<-tasks.begun
	}
	for _, path := range []string{path, "/api/me/tasks?q=x"} {
		res := s.do(t, "GET", path, "", auth(mint(t, ada)))
		res.isProblem(t, 429, "Too many searches at once")
		if got := res.Header.Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After: got %q, want 1", got)
		}
	}
	// Requests without a search are served, and so are other users.
	if got := s.do(t, "GET", "/api/me/tasks?limit=50", "", auth(mint(t, ada))).StatusCode; got != 200 {
		t.Errorf("the searcher's own list: got %d, want 200", got)
	}
	if got := s.do(t, "GET", path, "", auth(mint(t, bob))).StatusCode; got != 200 {
		t.Errorf("another's search: got %d, want 200", got)
	}
	close(tasks.letGo)
	wg.Wait()
	if got := s.do(t, "GET", path, "", auth(mint(t, ada))).StatusCode; got != 200 {
		t.Errorf("afterwards: got %d, want 200", got)
	}
}

// TestSlowlySentSearchesDoNotBlockOthers, even if many users have them.
func TestSlowlySentSearchesDoNotBlockOthers(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	for i := range 100 {
		for range searchesPerUser {
			if _, _, err := s.server.searches.begin(t.Context(), fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := s.do(t, "GET", "/api/me/tasks?q=x", "", auth(mint(t, ada))).StatusCode; got != 200 {
		t.Errorf("got %d, want 200", got)
	}
}

func TestASearchWithoutAPlaceForItsStatementIsRefused(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	s.server.searches.places = fair.New(fair.Limits{Places: 1}) // without a queue
	if _, err := s.server.searches.places.Enter(t.Context(), bob, 1); err != nil {
		t.Fatal(err)
	}
	res := s.do(t, "GET", "/api/me/tasks?q=x", "", auth(mint(t, ada)))
	res.isProblem(t, 503, "Too many searches at once")
	if got := res.Header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After: got %q, want 1", got)
	}
	if got := s.do(t, "GET", "/api/me/tasks", "", auth(mint(t, ada))).StatusCode; got != 200 {
		t.Errorf("a list: got %d, want 200", got)
	}
}

// TestStatementsOfSearchesShareFewPlaces: whatever the search, most connections stay free
// for other requests.
func TestStatementsOfSearchesShareFewPlaces(t *testing.T) {
	t.Parallel()
	for _, processors := range []int{1, 2, 64} {
		s := newSearches(processors, broken{}.Shares())
		var running, most atomic.Int64
		var wg sync.WaitGroup
		for i := range 40 {
			turn, leave, err := s.begin(t.Context(), fmt.Sprint(i))
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				defer leave()
				for range 20 {
					leave, err := turn(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					n := running.Add(1)
					for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
					}
					runtime.Gosched()
					running.Add(-1)
					leave()
				}
			})
		}
		wg.Wait()
		if got, want := most.Load(), int64(max(1, min(broken{}.Shares().Read/2, processors/2))); got > want {
			t.Errorf("%d processors: %d statements at once, want %d at most", processors, got, want)
		}
	}
}

func TestASearchThatWaitsTooLongIsAnOutage(t *testing.T) {
	t.Parallel()
	s := newSearches(2, broken{}.Shares())
	s.places = fair.New(fair.Limits{Places: 1})
	turn, leave, err := s.begin(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	if _, err := turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = turn(t.Context())
	if e, ok := errors.AsType[*web.Error](err); !ok || e.Status != 503 || e.Header.Get("Retry-After") != "1" {
		t.Errorf("got %v, want a 503 with Retry-After", err)
	}
}

// endlessSearch is a store where a search finds nothing before its limit.
type endlessSearch struct{ onePage }

func (endlessSearch) ListTasks(ctx context.Context, user string, q tasks.Query) iter.Seq2[tasks.Task, error] {
	return broken{err: fmt.Errorf("search: %w", tasks.ErrSearchTooLong)}.ListTasks(ctx, user, q)
}

func (endlessSearch) PageTasks(context.Context, string, tasks.Query, int) (iter.Seq2[tasks.Task, error], *tasks.Position, error) {
	return func(func(tasks.Task, error) bool) {}, &tasks.Position{ID: 7}, nil
}

func TestASearchOfTooManyTasksNeedsALimit(t *testing.T) {
	t.Parallel()
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: endlessSearch{}})
	res := s.do(t, "GET", "/api/me/tasks?q=x", "", auth(mint(t, ada)))
	if res.StatusCode != 422 || !strings.Contains(res.body, `"field":"limit"`) {
		t.Errorf("got %d %s, want 422 and limit to be named", res.StatusCode, res.body)
	}
	// A page that reaches the limit is not an error, and links to the next page.
	res = s.do(t, "GET", "/api/me/tasks?q=x&limit=10", "", auth(mint(t, ada)))
	if link := res.Header.Get("Link"); res.StatusCode != 200 || res.body != "[]" || !strings.Contains(link, `cursor=`) {
		t.Errorf("got %d %s, Link %q; want an empty page with a link", res.StatusCode, res.body, link)
	}
}

// unreadable is a store that fails while it reads a page.
type unreadable struct{ broken }

func (unreadable) PageTasks(context.Context, string, tasks.Query, int) (iter.Seq2[tasks.Task, error], *tasks.Position, error) {
	return func(yield func(tasks.Task, error) bool) { yield(tasks.Task{}, db.ErrUnavailable) }, &tasks.Position{ID: 7}, nil
}

func TestARefusalHasNoLink(t *testing.T) {
	t.Parallel()
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: unreadable{}})
	res := s.do(t, "GET", "/api/me/tasks?limit=10", "", auth(mint(t, ada)))
	if got := res.Header["Link"]; res.StatusCode != http.StatusServiceUnavailable || got != nil {
		t.Errorf("got %d and Link %q, want 503 and none", res.StatusCode, got)
	}
}
