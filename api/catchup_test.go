package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vestibule/store/tasks"
)

// TestALostHistoryIsAReset: the events that a look found are deleted.
func TestALostHistoryIsAReset(t *testing.T) {
	t.Parallel()
	resetsAfterDeletion(t, 3, func(s *surface) { s.server.feed.lookForNews(t.Context()) })
}

// resetsAfterDeletion creates three tasks that a stream is not told of, deletes the oldest of
// their events, and wants a reset after the look.
func resetsAfterDeletion(t *testing.T, deleted int, look func(*surface)) {
	t.Helper()
	s := newSurface(t, sqlite)
	st := s.watch(t, auth(mint(t, ada)))
	st.next(t)
	for range 3 {
		if _, err := s.store.CreateTask(t.Context(), tasks.Task{UserID: ada, Title: "a", CreatedAt: noon, UpdatedAt: noon}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.store.DeleteTaskEvents(t.Context(), noon.Add(time.Hour), deleted); err != nil {
		t.Fatal(err)
	}
	look(s)
	if got, want := st.next(t), event(3, "tasks.reset", `{"reason":"Too many changes at once. Read the list again."}`); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
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

// TestASlowReaderGetsAReset cuts the history off past the reader's position.
func TestASlowReaderGetsAReset(t *testing.T) {
	t.Parallel()
	resetsAfterDeletion(t, 1, func(s *surface) { s.server.feed.changed(ada) })
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
