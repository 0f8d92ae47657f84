package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vestibule/store/tasks"
)

// largeEvents is a store with a history of large tasks.
type largeEvents struct{ broken }

const largeHistory = 49

func (largeEvents) TaskEvents(_ context.Context, _ string, after tasks.Place, limit int) (events []tasks.Event, more bool, err error) {
	for seq := after.Seq + 1; seq <= largeHistory && limit > 0; seq++ {
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
	l.start(tasks.Place{Seq: largeHistory})
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
