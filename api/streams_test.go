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
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// countingTasks counts the queries that streams make. A query of events counts when it
// returns: whoever has seen an event then also sees that it was read.
type countingTasks struct {
	Tasks
	events, feeds atomic.Int64
}

func (c *countingTasks) TaskEvents(ctx context.Context, userID string, after int64, limit int) ([]tasks.Event, bool, error) {
	defer c.events.Add(1)
	return c.Tasks.TaskEvents(ctx, userID, after, limit)
}

func (c *countingTasks) TaskFeed(ctx context.Context, userID string) (oldest, latest int64, err error) {
	c.feeds.Add(1)
	return c.Tasks.TaskFeed(ctx, userID)
}

// TestAChangeIsReadOnceForAllStreamsOfAUser: with one read per stream and change, the
// streams of one user would slow down all requests.
func TestAChangeIsReadOnceForAllStreamsOfAUser(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		const streams, changes = 20, 15
		here := &countingTasks{Tasks: s.store.Tasks}
		first := startSurface(t, sharedSecretConfig(), Deps{Tasks: here})
		first.runs(t)
		token := auth(mint(t, ada))
		var open []*stream
		for range streams {
			open = append(open, first.watch(t, token))
		}
		his := first.watch(t, auth(mint(t, bob)))
		for _, st := range append(open, his) {
			st.next(t)
		}
		opened := here.feeds.Load()
		for i, from := range []*surface{first, s} { // its own changes, and another instance's
			before := here.events.Load()
			for range changes {
				from.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
			}
			for n, st := range open {
				for j := range changes {
					if got, want := st.next(t), fmt.Sprintf("id: %d\n", i*changes+j+1); !strings.HasPrefix(got, want) {
						t.Fatalf("stream %d: got %q, want %q", n, got, want)
					}
				}
			}
			// Twice: a look may happen between a change and its notification.
			if got := here.events.Load() - before; got < 1 || got > 2*changes {
				t.Errorf("%d streams and %d changes: %d reads, want one per change", streams, changes, got)
			} else {
				t.Logf("%d streams and %d changes: %d reads", streams, changes, got)
			}
		}
		if got := here.feeds.Load() - opened; got != 0 {
			t.Errorf("open streams asked %d times for the number of the latest event", got)
		}
		if len(his.blocks) != 0 {
			t.Error("a stream of another user got something")
		}
	})
}

// history is a store of one user's events, each of the largest size.
type history struct {
	broken
	mu     sync.Mutex
	latest int64
	reads  int
	most   int // the most reads at the same time
	now    int
	pause  time.Duration
}

func (h *history) add(n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.latest += n
}

func (h *history) TaskEvents(_ context.Context, _ string, after int64, limit int) (events []tasks.Event, more bool, err error) {
	h.mu.Lock()
	h.reads++
	h.now++
	h.most = max(h.most, h.now)
	latest := h.latest
	h.mu.Unlock()
	time.Sleep(h.pause)
	for seq := after + 1; seq <= latest && limit > 0; seq++ {
		events = append(events, tasks.Event{Seq: seq, Kind: tasks.Updated, Task: tasks.Task{Description: new(strings.Repeat("\U0001F600", maxDescription))}})
		limit -= 4 * maxDescription
	}
	h.mu.Lock()
	h.now--
	h.mu.Unlock()
	return events, limit <= 0, nil
}

func (h *history) TaskFeed(context.Context, string) (oldest, latest int64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return 1, h.latest, nil
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
	return r.ResponseRecorder.Write(p)
}

// TestALostHistoryIsAReset: the events that a look found are deleted.
func TestALostHistoryIsAReset(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	st := s.watch(t, token)
	st.next(t)
	for range 3 {
		if _, err := s.store.CreateTask(t.Context(), tasks.Task{UserID: ada, Title: "a", CreatedAt: noon, UpdatedAt: noon}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.store.DeleteTaskEvents(t.Context(), noon.Add(time.Hour), 3); err != nil {
		t.Fatal(err)
	}
	s.server.feed.lookForNews(t.Context())
	if got, want := st.next(t), event(3, "tasks.reset", `{"reason":"Too many changes at once. Read the list again."}`); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
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
	return s.resuming(ctx, user, fast, latest)
}

// resuming starts a stream that has seen the events up to a number.
func (s *surface) resuming(ctx context.Context, user string, fast bool, seen int64) (r *reader, done chan error) {
	r = &reader{ResponseRecorder: httptest.NewRecorder(), let: make(chan struct{})}
	if fast {
		close(r.let)
	}
	l, leave := s.server.feed.listen(user)
	_, latest, _ := s.server.tasks.TaskFeed(ctx, user)
	l.hub.start(latest)
	out := &eventStream{w: r, control: http.NewResponseController(r), l: l, seen: seen}
	done = make(chan error, 1)
	go func() {
		defer leave()
		done <- s.server.follow(ctx, out, time.Hour)
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

// TestSlowReadersHoldNothingOfTheOthers has some readers that read nothing while large
// tasks change, and one that reads everything.
func TestSlowReadersHoldNothingOfTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const changes, slow = 40, 25
		tasks := &history{}
		s := startUnserved(t, sharedSecretConfig(), tasks)
		ctx, cancel := context.WithCancel(t.Context())
		fast, fastDone := s.following(ctx, ada, true)
		var stalled []*reader
		var ends []chan error
		for range slow {
			r, done := s.following(ctx, ada, false)
			stalled, ends = append(stalled, r), append(ends, done)
		}
		synctest.Wait()
		h := s.server.feed.listeners[ada]
		most := 0
		for range changes {
			tasks.add(1)
			s.server.feed.changed(ada)
			synctest.Wait()
			h.mu.Lock()
			most = max(most, h.size)
			h.mu.Unlock()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, want := fmt.Sprint(ids(fast)), fmt.Sprint(numbers(changes)); got != want {
			t.Errorf("the fast reader: got %v, want %v", got, want)
		}
		fast.mu.Lock()
		largest := fast.largest
		fast.mu.Unlock()
		if largest > listChunk {
			t.Errorf("%d bytes were written at once, want up to %d", largest, listChunk)
		}
		if limit := hubBytes + 2*readSize; most > limit {
			t.Errorf("%d bytes were kept for slow readers, want up to %d", most, limit)
		}
		if h.kept != nil || h.size != 0 || h.taken != nil {
			t.Errorf("%d bytes are kept for readers that take nothing", h.size)
		}
		if tasks.reads > 2*changes {
			t.Errorf("%d changes: %d reads, slow readers included that have not taken a byte", changes, tasks.reads)
		}
		// They get the missing events, and only few are in memory at a time.
		tasks.reads, tasks.pause = 0, time.Millisecond
		for _, r := range stalled {
			close(r.let)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		for i, r := range stalled {
			if got, want := fmt.Sprint(ids(r)), fmt.Sprint(numbers(changes)); got != want {
				t.Errorf("slow reader %d: got %v, want %v", i, got, want)
			}
		}
		if tasks.most > batchesPerUser {
			t.Errorf("%d reads of one user at once, want %d", tasks.most, batchesPerUser)
		}
		if used, waiting := s.server.feed.batches.Load(); used != 0 || waiting != 0 {
			t.Errorf("%d places are taken, and %d wait for one", used, waiting)
		}
		cancel()
		for _, done := range append(ends, fastDone) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestFewBatchesOfAUserAreInMemory: a client that resumes and reads nothing makes other
// streams of the same user wait, but not those of other users.
func TestFewBatchesOfAUserAreInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tasks := &history{latest: 10}
		s := startUnserved(t, sharedSecretConfig(), tasks)
		ctx, cancel := context.WithCancel(t.Context())
		var stalled []*reader
		for range 3 * batchesPerUser {
			r, _ := s.resuming(ctx, ada, false, 0)
			stalled = append(stalled, r)
		}
		synctest.Wait()
		if used, waiting := s.server.feed.batches.Load(); used != batchesPerUser || waiting != 2*batchesPerUser {
			t.Errorf("%d places are taken and %d wait, want %d and %d", used, waiting, batchesPerUser, 2*batchesPerUser)
		}
		his, _ := s.resuming(ctx, bob, true, 0)
		synctest.Wait()
		if got, want := fmt.Sprint(ids(his)), fmt.Sprint(numbers(10)); got != want {
			t.Errorf("another user: got %v, want %v", got, want)
		}
		cancel()
		for _, r := range stalled {
			close(r.let)
		}
		synctest.Wait()
		if used, waiting := s.server.feed.batches.Load(); used != 0 || waiting != 0 {
			t.Errorf("at the end %d places are taken and %d wait", used, waiting)
		}
	})
}

// TestManyChangesDuringAReadCauseOneMoreRead, by a single goroutine.
func TestManyChangesDuringAReadCauseOneMoreRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tasks := &history{pause: time.Second}
		s := startUnserved(t, sharedSecretConfig(), tasks)
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := s.following(ctx, ada, true)
		synctest.Wait()
		tasks.add(1)
		s.server.feed.changed(ada)
		synctest.Wait()
		for range 10 {
			s.server.feed.changed(ada)
		}
		s.server.feed.Changed(ada, 1) // it is being read
		time.Sleep(time.Minute)
		s.server.feed.Changed(ada, 1) // it was already read
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, want := fmt.Sprint(ids(r)), fmt.Sprint(numbers(1)); got != want || tasks.reads != 2 || tasks.most != 1 {
			t.Errorf("got events %v with %d reads, %d at once; want %v with 2", got, tasks.reads, tasks.most, want)
		}
		cancel()
		synctest.Wait()
	})
}

// TestFewStreamsReadForThemselvesAtOnce resumes the streams of many users.
func TestFewStreamsReadForThemselvesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tasks := &history{pause: time.Second}
		s := startUnserved(t, sharedSecretConfig(), tasks)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var readers []*reader
		for i := range 50 {
			r, _ := s.following(ctx, fmt.Sprint("usr_", i), true)
			readers = append(readers, r)
		}
		tasks.add(3)
		s.server.feed.mu.Lock()
		for _, h := range s.server.feed.listeners {
			go h.changed(3)
		}
		s.server.feed.mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		if tasks.most > readsAtOnce {
			t.Errorf("%d reads at once, want %d", tasks.most, readsAtOnce)
		}
		for i, r := range readers {
			if got, want := fmt.Sprint(ids(r)), fmt.Sprint(numbers(3)); got != want {
				t.Errorf("user %d: got %v, want %v", i, got, want)
			}
		}
		cancel()
		synctest.Wait()
	})
}

// TestStreamsSendTheSameBytes: an event is in memory once for all streams that send it.
func TestStreamsSendTheSameBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tasks := &history{}
		s := startUnserved(t, sharedSecretConfig(), tasks)
		var all []*listener
		for range 3 {
			l, leave := s.server.feed.listen(ada)
			defer leave()
			l.hub.start(0)
			if c, behind, err := l.hub.next(l, 0); c != nil || behind || err != nil {
				t.Fatalf("before anything: got %v, %t, %v", c, behind, err)
			}
			all = append(all, l)
		}
		tasks.add(1)
		s.server.feed.changed(ada)
		synctest.Wait()
		var data []byte
		for _, l := range all {
			<-l.wake
			c, _, err := l.hub.next(l, 0)
			if err != nil || c == nil || data != nil && &c.data[0] != &data[0] {
				t.Fatalf("got %v, error %v", c, err)
			}
			data = c.data
		}
		for _, l := range all {
			if c, behind, err := l.hub.next(l, 1); c != nil || behind || err != nil {
				t.Errorf("after everything: got %v, %t, %v", c, behind, err)
			}
		}
		if h := all[0].hub; h.kept != nil {
			t.Errorf("what all have taken is kept: %d bytes", h.size)
		}
	})
}

// opens starts a stream, leaves it open and returns its status.
func (s *surface) opens(t *testing.T, path string, header http.Header) (status int, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, func() {
		cancel()
		_ = res.Body.Close()
	}
}

func TestOpenStreamsAreBounded(t *testing.T) {
	t.Parallel()
	const path = "/api/me/tasks/events"
	cfg := sharedSecretConfig()
	cfg.MaxStreams, cfg.MaxStreamsPerUser = 3, 2
	s := startSurface(t, cfg, Deps{Tasks: sqlite(t).Tasks})
	token, his := auth(mint(t, ada)), auth(mint(t, bob))
	refused := func(header http.Header) {
		t.Helper()
		if status, leave := s.opens(t, path, header); status == 200 {
			leave()
			t.Fatal("got a stream, want 429")
		}
		res := s.do(t, "GET", path, "", header)
		res.isProblem(t, 429, "Too many event streams are open")
		if got := res.Header.Get("Retry-After"); got != fullAfter {
			t.Errorf("Retry-After: got %q, want %s", got, fullAfter)
		}
	}
	place := func(why string, header http.Header) (leave func()) {
		t.Helper()
		waittest.Until(t, why, func() bool {
			var status int
			status, leave = s.opens(t, path, header)
			return status == 200
		})
		return leave
	}
	leave := place("the first", token)
	place("the second", token)
	refused(token)
	s.do(t, "GET", "/api/me/tasks", "", token).is(t, 200, "[]")
	leaveHis := place("another user's", his)
	refused(his) // no place is free

	leave()
	s.clock.Set(noon.Add(time.Minute)) // a different token
	claims := goodClaims(ada)
	claims["exp"] = float64(noon.Add(time.Minute-jose.Skew+300*time.Millisecond).UnixMilli()) / 1000
	place("after one was left", auth(mintWith(t, jwt.SigningMethodHS256, testSecret, nil, claims)))
	leaveHis()
	place("after one has ended with its token", token)
	place("after another user has left", his)
	refused(his)
	s.server.EndStreams()
	waittest.Until(t, "no place is taken when all have ended", func() bool {
		used, _ := s.server.feed.places.Load()
		return used == 0
	})
}

// TestAServiceHasItsOwnPlaces for each user whom it watches.
func TestAServiceHasItsOwnPlaces(t *testing.T) {
	t.Parallel()
	const path = "/api/" + ada + "/tasks/events"
	cfg := sharedSecretConfig()
	cfg.MaxStreamsPerUser = 1
	s := startSurface(t, cfg, Deps{Tasks: sqlite(t).Tasks})
	reads := func(sub string, extra string) http.Header {
		return service(sub, `,"scope":"tasks:read"`+extra)
	}
	for _, header := range []http.Header{
		auth(mint(t, ada)), reads(reports, ""), reads("svc_another", ""),
		reads(ada, `,"act":{"sub":"svc_a"}`), reads(ada, `,"act":{"sub":"svc_b"}`),
	} {
		if status, _ := s.opens(t, path, header); status != 200 {
			t.Fatalf("the first stream: got %d, want 200", status)
		}
		if status, _ := s.opens(t, path, header); status == 200 {
			t.Fatal("got a second stream, want 429")
		}
		s.do(t, "GET", path, "", header).isProblem(t, 429, "Too many event streams are open")
	}
	if status, _ := s.opens(t, "/api/"+bob+"/tasks/events", reads(reports, "")); status != 200 {
		t.Errorf("the service watches another user: got %d, want 200", status)
	}
}

// proven is a store that reports when its watcher receives notifications.
type proven struct {
	Tasks
	listening chan struct{}
}

func (p *proven) Watch(ctx context.Context, w db.Watcher) {
	p.Tasks.Watch(ctx, &provenWatcher{Watcher: w, listening: p.listening})
}

type provenWatcher struct {
	db.Watcher
	listening chan struct{}
	once      sync.Once
}

func (w *provenWatcher) Listening(is bool, cause error) {
	w.Watcher.Listening(is, cause)
	if is {
		w.once.Do(func() { close(w.listening) })
	}
}

// TestAnUnannouncedChangeReachesStreams writes a change without a notification, like a
// process that was killed right after its commit.
func TestAnUnannouncedChangeReachesStreams(t *testing.T) {
	t.Parallel()
	for name, engine := range map[string]func(testing.TB) *storetest.Database{"SQLite": sqlite, "PostgreSQL": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := engine(t)
			tasks := &proven{st.Tasks, make(chan struct{})}
			s := startSurface(t, sharedSecretConfig(), Deps{Tasks: tasks})
			s.runs(t)
			if name == "PostgreSQL" {
				<-tasks.listening // otherwise changes are polled all the time
			}
			token := auth(mint(t, ada))
			task := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token).body
			stream := s.watch(t, token)
			stream.next(t)
			st.Exec(t, `UPDATE task_feed SET seq = 2`)
			st.Exec(t, `INSERT INTO task_event (user_id, seq, kind, at, task) SELECT user_id, 2, 'updated', at, task FROM task_event`)
			begun := time.Now()
			if got, want := stream.next(t), event(2, "task.updated", task); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			t.Logf("arrived after %v", time.Since(begun).Round(time.Millisecond))
		})
	}
}
