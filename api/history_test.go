package api

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/store/tasks"
)

// history is a store of one user's events, each of the largest size.
type history struct {
	broken
	mu     sync.Mutex
	latest int64
	reads  int
	most   int // the most reads at the same time
	now    int
	pause  time.Duration // of a read of events
	slow   time.Duration // how old the number of the latest event is when it arrives
	lost   bool          // the next read of events finds that they follow another one
}

func (h *history) add(n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.latest += n
}

func (h *history) TaskEvents(_ context.Context, _ string, after tasks.Place, limit int) (events []tasks.Event, more bool, err error) {
	h.mu.Lock()
	h.reads++
	h.now++
	h.most = max(h.most, h.now)
	latest, lost := h.latest, h.lost
	h.lost = false
	h.mu.Unlock()
	time.Sleep(h.pause)
	for seq := after.Seq + 1; seq <= latest && limit > 0; seq++ {
		events = append(events, tasks.Event{Seq: seq, Kind: tasks.Updated, Task: tasks.Task{Description: new(strings.Repeat("\U0001F600", maxDescription))}})
		limit -= 4 * maxDescription
	}
	h.mu.Lock()
	h.now--
	h.mu.Unlock()
	if lost {
		return nil, false, tasks.ErrOtherHistory
	}
	return events, limit <= 0, nil
}

func (h *history) TaskFeed(context.Context, string) (oldest int64, latest tasks.Place, err error) {
	h.mu.Lock()
	latest = tasks.Place{Seq: h.latest}
	h.mu.Unlock()
	time.Sleep(h.slow)
	return 1, latest, nil
}

func (h *history) TaskFeeds(ctx context.Context, users []string) (map[string]tasks.Place, error) {
	_, latest, _ := h.TaskFeed(ctx, users[0])
	return map[string]tasks.Place{users[0]: latest}, nil
}

// reader is a client that reads only when it is allowed.
type reader struct {
	*httptest.ResponseRecorder
	let     chan struct{} // closed: read everything at once
	mu      sync.Mutex
	largest int // the largest single write, in bytes
}

func (r *reader) Write(p []byte) (int, error) {
	<-r.let
	r.mu.Lock()
	defer r.mu.Unlock()
	r.largest = max(r.largest, len(p))
	for line := range bytes.Lines(p) { // ids reads whole lines only, and large tasks are long ones
		_, _ = r.ResponseRecorder.Write(line[:min(len(line)-1, 100)])
		_, _ = r.ResponseRecorder.Write(line[len(line)-1:])
	}
	return len(p), nil
}

// startUnserved starts an API without a socket.
func startUnserved(t *testing.T, cfg Config, tasks Tasks) *surface {
	t.Helper()
	server, err := New(cfg, Deps{Tasks: tasks, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return &surface{server: server}
}

// following starts a stream that has seen all events.
func (s *surface) following(ctx context.Context, user string, fast bool) (r *reader, done chan error) {
	_, latest, _ := s.server.tasks.TaskFeed(ctx, user)
	return s.resuming(ctx, user, fast, latest.Seq)
}

// resuming starts a stream that has seen the events up to a number.
func (s *surface) resuming(ctx context.Context, user string, fast bool, seen int64) (r *reader, done chan error) {
	r = &reader{ResponseRecorder: httptest.NewRecorder(), let: make(chan struct{})}
	if fast {
		close(r.let)
	}
	l, leave := s.server.feed.listen(user)
	_, latest, _ := s.server.tasks.TaskFeed(ctx, user)
	l.start(latest)
	out := &eventStream{life: time.Hour, w: r, control: http.NewResponseController(r), l: l, seen: seen}
	done = make(chan error, 1)
	go func() {
		defer leave()
		done <- s.server.follow(ctx, out)
	}()
	return r, done
}

// ids returns the numbers of the written events.
func ids(r *reader) (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for line := range bytes.Lines(r.Body.Bytes()) {
		if id, ok := strings.CutPrefix(string(line), "id: "); ok {
			list = append(list, strings.TrimSpace(id))
		}
	}
	return list
}

func numbers(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint(i+1))
	}
	return list
}
