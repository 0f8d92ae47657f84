package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

var errSecretive = errors.New("password=hunter2")

// broken is a store where every call fails, and a list fails after some rows.
type broken struct {
	rows int
	err  error
}

func (b broken) ListTasks(context.Context, string, tasks.Query) iter.Seq2[tasks.Task, error] {
	return func(yield func(tasks.Task, error) bool) {
		for id := range b.rows {
			if !yield(tasks.Task{ID: int64(id + 1), UserID: ada, Title: strings.Repeat("x", 100)}, nil) {
				return
			}
		}
		if b.err != nil {
			yield(tasks.Task{}, b.err)
		}
	}
}

func (b broken) PageTasks(context.Context, string, tasks.Query, int) (iter.Seq2[tasks.Task, error], *tasks.Position, error) {
	return nil, nil, b.err
}

func (b broken) Task(context.Context, string, int64) (tasks.Task, error) {
	return tasks.Task{}, b.err
}

func (b broken) CreateTask(context.Context, tasks.Task) (tasks.Task, error) {
	return tasks.Task{}, b.err
}

func (b broken) Tx(context.Context, string, func(*tasks.Tx) error) error { return b.err }

func (b broken) UpdateTask(context.Context, string, int64, tasks.Change, *tasks.Versions, time.Time) (tasks.Task, error) {
	return tasks.Task{}, b.err
}

func (b broken) ToggleTask(context.Context, string, int64, *tasks.Versions, time.Time) (tasks.Task, error) {
	return tasks.Task{}, b.err
}

func (b broken) DeleteTask(context.Context, string, int64, *tasks.Versions, time.Time) error {
	return b.err
}

func (b broken) TaskEvents(context.Context, string, tasks.Place, int) ([]tasks.Event, bool, error) {
	return nil, false, b.err
}

func (b broken) TaskFeed(context.Context, string) (int64, tasks.Place, error) {
	return 1, tasks.Place{}, b.err
}

func (b broken) TaskFeeds(context.Context, []string) (map[string]tasks.Place, error) {
	return nil, b.err
}

func (b broken) Shares() db.Shares { return db.SharesOf(db.DefaultConnections) }

func (b broken) Watch(ctx context.Context, _ db.Watcher) { <-ctx.Done() }

func (b broken) DeleteRemains(context.Context, string) (tasks.Remains, error) {
	return tasks.Remains{}, b.err
}
func (b broken) FoldTasks(context.Context, int, time.Duration) (bool, error) { return false, b.err }

func (b broken) DeleteExpiredAnswers(context.Context, time.Time, int) (int64, error) { return 0, b.err }

func (b broken) DeleteTaskEvents(context.Context, time.Time, int) (int64, error) { return 0, b.err }

func TestAListOfAnyLengthIsWhole(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, 2, 99, 150, 151, 152, 1000, 5000} {
		s := startSurface(t, sharedSecretConfig(), Deps{Tasks: broken{rows: rows}})
		res := s.do(t, "GET", "/api/me/tasks", "", auth(mint(t, ada)))
		var tasks []struct{ ID int }
		if err := json.Unmarshal([]byte(res.body), &tasks); err != nil {
			t.Fatalf("%d rows: %v", rows, err)
		}
		if len(tasks) != rows {
			t.Errorf("got %d tasks, want %d", len(tasks), rows)
		}
		for i, task := range tasks {
			if task.ID != i+1 {
				t.Fatalf("task %d: got id %d, want %d", i, task.ID, i+1)
			}
		}
	}
}

// TestAHeadDoesNotReadTheList: the list of this store fails, but nobody reads it.
func TestAHeadDoesNotReadTheList(t *testing.T) {
	t.Parallel()
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: onePage{broken{rows: 10, err: errSecretive}}})
	res := s.do(t, "HEAD", "/api/me/tasks", "", auth(mint(t, ada)))
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != "application/json" || res.body != "" {
		t.Errorf("got %d %s %q, want 200 and no body", res.StatusCode, got, res.body)
	}
	s = startSurface(t, sharedSecretConfig(), Deps{Tasks: broken{err: db.ErrUnavailable}})
	if got := s.do(t, "HEAD", "/api/me/tasks", "", auth(mint(t, ada))).StatusCode; got != 503 {
		t.Errorf("without a database: got %d, want 503", got)
	}
}

// onePage is a store whose pages are complete.
type onePage struct{ broken }

func (onePage) PageTasks(context.Context, string, tasks.Query, int) (iter.Seq2[tasks.Task, error], *tasks.Position, error) {
	return nil, nil, nil
}

func TestAnErrorBeforeTheListIsSentIsAnswered(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, 100} {
		s := startSurface(t, sharedSecretConfig(), Deps{Tasks: broken{rows: rows, err: errSecretive}})
		s.do(t, "GET", "/api/me/tasks", "", auth(mint(t, ada))).isProblem(t, 500, "Something went wrong on our side.")
	}
}

func TestAnErrorInTheMiddleOfAListCutsItOff(t *testing.T) {
	t.Parallel()
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: broken{rows: 5000, err: errSecretive}})
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/api/me/tasks", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = auth(mint(t, ada))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		t.Fatalf("status: got %d, want 200", res.StatusCode)
	}
	body, err := io.ReadAll(res.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read: got %v, want an unexpected end", err)
	}
	if json.Valid(body) {
		t.Error("got a whole list, want one that is cut off")
	}
	waittest.Until(t, "the cause in the log", func() bool {
		return strings.Contains(s.log.String(), errSecretive.Error()) && strings.Contains(s.log.String(), `"aborted":true`)
	})
}

func TestALongListCostsLittleMemory(t *testing.T) {
	const rows = 50_000 // 13 MB of JSON
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: broken{rows: rows}})
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/api/me/tasks", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = auth(mint(t, ada))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var size, peak uint64
	buf := make([]byte, 1<<20)
	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	before := mem.HeapInuse
	for next := uint64(0); ; {
		n, err := io.ReadFull(res.Body, buf)
		size += uint64(n)
		if size >= next { // only every few MB: measuring stops the world
			next = size + 4<<20
			runtime.GC()
			runtime.ReadMemStats(&mem)
			peak = max(peak, mem.HeapInuse)
		}
		if err != nil {
			break
		}
	}
	if size < rows*200 {
		t.Fatalf("got %d bytes, want at least %d", size, rows*200)
	}
	if grown := int64(peak) - int64(before); grown > 8<<20 {
		t.Errorf("heap: grew by %d bytes while %d were streamed, want under 8 MiB", grown, size)
	}
}

func TestAClientThatLeavesStopsTheList(t *testing.T) {
	t.Parallel()
	endless := &endlessTasks{stopped: make(chan struct{})}
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: endless})
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/api/me/tasks", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = auth(mint(t, ada))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadFull(res.Body, make([]byte, 1000))
	res.Body.Close()
	select {
	case <-endless.stopped:
	case <-time.After(30 * time.Second):
		t.Error("the list still runs 30 s after its reader has left")
	}
}

type endlessTasks struct {
	broken
	stopped chan struct{}
}

func (e *endlessTasks) ListTasks(context.Context, string, tasks.Query) iter.Seq2[tasks.Task, error] {
	return func(yield func(tasks.Task, error) bool) {
		defer close(e.stopped)
		for yield(tasks.Task{ID: 1, UserID: ada, Title: "x"}, nil) {
		}
	}
}
