package api

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/internal/waittest"
	"vestibule/store/tasks"
)

// stream is an open stream of events, read block by block.
type stream struct {
	res    *http.Response
	blocks chan string // closed when the stream has ended
	leave  context.CancelFunc
}

// watch opens a stream of ada's events.
func (s *surface) watch(t *testing.T, header http.Header) *stream {
	t.Helper()
	return s.watchAt(t, "/api/me/tasks/events", header)
}

func (s *surface) watchAt(t *testing.T, path string, header http.Header) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("got %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	st := &stream{res: res, blocks: make(chan string, 1000), leave: cancel}
	go func() {
		defer close(st.blocks)
		in := bufio.NewScanner(res.Body)
		var block strings.Builder
		for in.Scan() {
			if in.Text() != "" {
				block.WriteString(in.Text() + "\n")
				continue
			}
			st.blocks <- block.String()
			block.Reset()
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = res.Body.Close()
	})
	return st
}

// next returns the next block.
func (st *stream) next(t *testing.T) string {
	t.Helper()
	select {
	case block, open := <-st.blocks:
		if !open {
			t.Fatal("the stream has ended")
		}
		return block
	case <-time.After(20 * time.Second):
		t.Fatal("no event in 20 s")
	}
	return ""
}

func (st *stream) ends(t *testing.T) {
	t.Helper()
	for deadline := time.After(20 * time.Second); ; {
		select {
		case _, open := <-st.blocks:
			if !open {
				return
			}
		case <-deadline:
			t.Fatal("the stream goes on")
		}
	}
}

func event(id int, kind, task string) string {
	return fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n", id, kind, task)
}

func TestEveryChangeIsStreamed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		made := s.do(t, "POST", "/api/me/tasks", `{"title":"before"}`, token)
		st := s.watch(t, token)
		if got, want := st.next(t), "retry: 1000\nid: 1\n"; got != want {
			t.Errorf("first: got %q, want %q", got, want)
		}
		s.do(t, "POST", "/api/me/tasks", `{"title":"his"}`, auth(mint(t, bob)))
		s.do(t, "GET", "/api/me/tasks/1", "", token)
		s.do(t, "DELETE", "/api/me/tasks/7", "", token)
		created := s.do(t, "POST", "/api/me/tasks", `{"title":"line\nbreak"}`, with(token, "Idempotency-Key", "k")).body
		s.do(t, "POST", "/api/me/tasks", `{"title":"line\nbreak"}`, with(token, "Idempotency-Key", "k"))
		updated := s.do(t, "PUT", "/api/me/tasks/1", `{"title":"after"}`, token).body
		toggled := s.do(t, "PATCH", "/api/me/tasks/1/complete", "", token).body
		s.do(t, "DELETE", "/api/me/tasks/1", "", token)
		for i, want := range []string{
			event(2, "task.created", created), event(3, "task.updated", updated), event(4, "task.updated", toggled), event(5, "task.deleted", toggled),
		} {
			if got := st.next(t); got != want {
				t.Errorf("event %d: got %q, want %q", i, got, want)
			}
		}
		// A client that has seen the first resumes with the second.
		late := s.watch(t, with(token, "Last-Event-Id", "2"))
		for i, want := range []string{"retry: 1000\nid: 2\n", event(3, "task.updated", updated), event(4, "task.updated", toggled)} {
			if got := late.next(t); got != want {
				t.Errorf("resumed, %d: got %q, want %q", i, got, want)
			}
		}
		if made.StatusCode != 201 {
			t.Errorf("got %d", made.StatusCode)
		}
	})
}

func TestAStreamThatCannotBeResumedSaysSo(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	for range 3 {
		s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
	}
	const gone = `{"reason":"The events after Last-Event-ID are not kept any more. Read the list again."}`
	if got := s.watch(t, with(token, "Last-Event-Id", "4")).next(t); got != event(3, "tasks.reset", gone) {
		t.Errorf("of another database: got %q", got)
	}
	if _, err := s.store.DeleteTaskEvents(t.Context(), noon.Add(time.Hour), 2); err != nil {
		t.Fatal(err)
	}
	for seen, want := range map[string]string{"0": event(3, "tasks.reset", gone), "1": event(3, "tasks.reset", gone), "2": "retry: 1000\nid: 2\n", "3": "retry: 1000\nid: 3\n"} {
		if got := s.watch(t, with(token, "Last-Event-Id", seen)).next(t); got != want {
			t.Errorf("after %s: got %q, want %q", seen, got, want)
		}
	}
	for _, values := range [][]string{{"x"}, {"-1"}, {"01"}, {"1.5"}, {"9223372036854775808"}, {"1", "1"}, {"+1"}} {
		s.do(t, "GET", "/api/me/tasks/events", "", with(token, "Last-Event-Id", values...)).
			isProblem(t, 400, "The request has an invalid header.", "Last-Event-ID: must be the id of an event of this stream")
	}
}

// TestAParameterResumesAStream: event-source-polyfill and others cannot set a header.
func TestAParameterResumesAStream(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	for range 3 {
		s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
	}
	const path = "/api/me/tasks/events"
	for query, want := range map[string]int{
		"lastEventId=1": 1, "lastEventId=0&_=123": 0, "lastEventId=": 3, "lasteventid=1": 3, "Last-Event-ID=1": 3, "lastEventId[]=1": 3,
	} {
		st := s.watchAt(t, path+"?"+query, token)
		if got, want := st.next(t), fmt.Sprintf("retry: 1000\nid: %d\n", want); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
		if want < 3 {
			if got := st.next(t); !strings.HasPrefix(got, fmt.Sprintf("id: %d\nevent: task.created\n", want+1)) {
				t.Errorf("%s: got %q, want the event after it", query, got)
			}
		}
	}
	// A browser keeps the address, and sends its latest event in the header.
	for header, want := range map[string]int{"2": 2, "": 1} {
		if got, want := s.watchAt(t, path+"?lastEventId=1", with(token, "Last-Event-Id", header)).next(t), fmt.Sprintf("retry: 1000\nid: %d\n", want); got != want {
			t.Errorf("with the header %q too: got %q, want %q", header, got, want)
		}
	}
	for _, bad := range []string{"x", "-1", "01", "1.5", "9223372036854775808"} {
		s.do(t, "GET", path+"?lastEventId="+bad, "", token).
			isProblem(t, 422, badQuery, "lastEventId: must be the id of an event of this stream")
	}
	s.do(t, "GET", path+"?lastEventId=1&lastEventId=1", "", token).isProblem(t, 422, badQuery, "lastEventId: was given more than once")
}

func TestAStreamIsForItsOwner(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	s.do(t, "GET", "/api/"+bob+"/tasks/events", "", auth(mint(t, ada))).isProblem(t, 403, "Access denied: user_id mismatch")
	s.do(t, "GET", "/api/me/tasks/events", "", nil).isProblem(t, 401, "Not authenticated")
	// No HEAD, which would never end, and no methods of a task.
	for _, method := range []string{"HEAD", "PUT", "PATCH", "DELETE", "POST", "OPTIONS"} {
		for _, path := range []string{"/api/me/tasks/events", "/api/me/tasks/events/"} {
			res := s.do(t, method, path, "", auth(mint(t, ada)))
			if got := res.Header.Get("Allow"); res.StatusCode != 405 || got != "GET" {
				t.Errorf("%s %s: got %d with Allow: %s, want 405 with GET", method, path, res.StatusCode, got)
			}
		}
	}
}

// TestChangesOfAnotherInstanceAreStreamed runs two instances on one database.
func TestChangesOfAnotherInstanceAreStreamed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		other := startSurface(t, sharedSecretConfig(), Deps{Tasks: s.store.Tasks})
		s.runs(t)
		token := auth(mint(t, ada))
		st := s.watch(t, token)
		st.next(t)
		for i := range 3 {
			begun := time.Now()
			body := other.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token).body
			if got, want := st.next(t), event(i+1, "task.created", body); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			t.Logf("arrived after %v", time.Since(begun))
		}
	})
}

func TestAStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	claims := goodClaims(ada)
	claims["exp"] = float64(noon.Add(-jose.Skew+300*time.Millisecond).UnixMilli()) / 1000
	st := s.watch(t, auth(mintWith(t, jwt.SigningMethodHS256, testSecret, nil, claims)))
	st.next(t)
	st.ends(t)
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	st := s.watch(t, token)
	st.next(t)
	s.server.EndStreams()
	s.server.EndStreams()
	st.ends(t)
	late := s.watch(t, token) // on a connection that was already open
	late.ends(t)
}

func TestAClosedStreamLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	st := s.watch(t, auth(mint(t, ada)))
	st.next(t)
	st.leave()
	waittest.Until(t, "nobody listens", func() bool {
		s.server.feed.mu.Lock()
		defer s.server.feed.mu.Unlock()
		return len(s.server.feed.listeners) == 0
	})
}

// TestAnOutageEndsAStream: the reader connects again, and resumes.
func TestAnOutageEndsAStream(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	st := s.watch(t, token)
	st.next(t)
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	s.server.feed.changed(ada)
	st.ends(t)
}

// TestASlowReaderGetsAReset cuts the history off past the reader's position.
func TestASlowReaderGetsAReset(t *testing.T) {
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
	if _, err := s.store.DeleteTaskEvents(t.Context(), noon.Add(time.Hour), 1); err != nil {
		t.Fatal(err)
	}
	s.server.feed.changed(ada)
	if got, want := st.next(t), event(3, "tasks.reset", `{"reason":"Too many changes at once. Read the list again."}`); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestAGapInTheHistoryIsAReset: an instance with a slow clock made the second change, which
// is then deleted before the first.
func TestAGapInTheHistoryIsAReset(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	for _, at := range []time.Time{noon, noon.Add(-time.Hour), noon} {
		if _, err := s.store.CreateTask(t.Context(), tasks.Task{UserID: ada, Title: "a", CreatedAt: at, UpdatedAt: at}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.store.DeleteTaskEvents(t.Context(), noon, 10); err != nil {
		t.Fatal(err)
	}
	st := s.watch(t, with(token, "Last-Event-Id", "0"))
	st.next(t)
	if got := st.next(t); !strings.HasPrefix(got, "id: 1\nevent: task.created\n") {
		t.Errorf("got %q, want the first event", got)
	}
	if got, want := st.next(t), event(3, "tasks.reset", `{"reason":"Too many changes at once. Read the list again."}`); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	created := s.do(t, "POST", "/api/me/tasks", `{"title":"b"}`, token).body
	if got, want := st.next(t), event(4, "task.created", created); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// largeEvents is a store with a history of large tasks.
type largeEvents struct{ broken }

const largeHistory = 49

func (largeEvents) TaskEvents(_ context.Context, _ string, after int64, limit int) (events []tasks.Event, more bool, err error) {
	for seq := after + 1; seq <= largeHistory && limit > 0; seq++ {
		events = append(events, tasks.Event{Seq: seq, Kind: tasks.Created, Task: tasks.Task{Description: new(strings.Repeat("x", maxDescription))}})
		limit -= maxDescription
	}
	return events, limit <= 0, nil
}

// largestWrite remembers the size of its largest write.
type largestWrite struct {
	*httptest.ResponseRecorder
	length int
}

func (l *largestWrite) Write(p []byte) (int, error) {
	l.length = max(l.length, len(p))
	return l.ResponseRecorder.Write(p)
}

// TestAStreamOfLargeTasksTakesLittleMemory, because there may be thousands of streams.
func TestAStreamOfLargeTasksTakesLittleMemory(t *testing.T) {
	t.Parallel()
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: largeEvents{}})
	w := &largestWrite{ResponseRecorder: httptest.NewRecorder()}
	l, leave := s.server.feed.listen(ada)
	defer leave()
	l.hub.start(largeHistory)
	out := &eventStream{w: w, control: http.NewResponseController(w), l: l}
	if err := s.server.sendAll(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if got := w.Body.Len(); got < largeHistory*maxDescription {
		t.Errorf("got %d bytes, want all events", got)
	}
	if most := 2 * listChunk; w.length > most {
		t.Errorf("a piece of %d bytes was kept to be sent at once, want up to %d", w.length, most)
	}
	if l.hub.kept != nil || l.hub.size != 0 {
		t.Errorf("the idle stream's hub keeps %d bytes", l.hub.size)
	}
}
