package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/store/tasks"
)

// followed runs steps beside a stream of ada's that has seen the events of store, and wants
// one of these lists of the numbers of the events that it gets, resets included.
func followed(t *testing.T, store *history, steps func(f *feed), want ...string) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startUnserved(t, sharedSecretConfig(), store)
		ctx, cancel := context.WithCancel(t.Context())
		r, done := s.following(ctx, ada, true)
		synctest.Wait()
		steps(s.server.feed)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := fmt.Sprint(ids(r)); !slices.Contains(want, got) {
			t.Errorf("got events %v, want %q", got, want)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestALookThatIsOvertakenIsNoLoss: the look reads a number, and before its answer arrives
// the stream has the next event.
func TestALookThatIsOvertakenIsNoLoss(t *testing.T) {
	store := &history{latest: 3, slow: time.Second}
	followed(t, store, func(f *feed) {
		go f.lookForNews(context.Background())
		synctest.Wait()
		store.add(1)
		f.changed(ada)
	}, "[4]")
}

// TestANumberThatWasNotCommittedIsNoLoss: a failed commit is announced, because it may have
// taken effect. An event that is announced meanwhile has a lower number.
func TestANumberThatWasNotCommittedIsNoLoss(t *testing.T) {
	store := &history{latest: 3}
	followed(t, store, func(f *feed) {
		store.slow = time.Second
		f.Changed(ada, 5)
		synctest.Wait()
		store.add(1)
		f.Changed(ada, 4)
	}, "[4]")
}

// TestAReadFromBeforeALossIsDropped: it began before the loss, and ends after it.
func TestAReadFromBeforeALossIsDropped(t *testing.T) {
	store := &history{latest: 3, pause: time.Second}
	followed(t, store, func(f *feed) {
		store.add(1)
		f.changed(ada)
		synctest.Wait()
		store.add(-3)
		f.lookForNews(context.Background())
		time.Sleep(2 * time.Second)
		store.add(1)
		f.changed(ada)
	}, "[1 2]")
}

// TestAChangeDuringALossArrives: its number is lower than the lost one, and it is announced
// while the look is under way.
func TestAChangeDuringALossArrives(t *testing.T) {
	store := &history{latest: 3}
	followed(t, store, func(f *feed) {
		store.slow = time.Second
		store.add(-2)
		go f.lookForNews(context.Background())
		synctest.Wait()
		store.add(1)
		f.Changed(ada, 2)
	}, "[1 2]", "[2]") // it may be read before the stream sends the reset
}

// TestALookFromBeforeALossChangesNothing: of two looks, the one that began before the loss
// ends last.
func TestALookFromBeforeALossChangesNothing(t *testing.T) {
	store := &history{latest: 3}
	followed(t, store, func(f *feed) {
		h := f.listeners[ada]
		before := h.current()
		store.add(-2)
		f.lookForNews(context.Background())
		if !h.ends(before, tasks.Place{Seq: 3}) {
			t.Error("a number from before the loss was taken")
		}
	}, "[1]")
}

// TestEventsThatFollowAnotherOneAreALoss: the number is already higher than before the loss.
func TestEventsThatFollowAnotherOneAreALoss(t *testing.T) {
	store := &history{latest: 3, lost: true}
	followed(t, store, func(f *feed) {
		store.add(2)
		f.changed(ada)
	}, "[5]")
}

// TestAReadInVainFindsALoss: a number from before the loss is announced after it.
func TestAReadInVainFindsALoss(t *testing.T) {
	store := &history{latest: 3}
	followed(t, store, func(f *feed) {
		store.add(-2)
		f.Changed(ada, 4)
	}, "[1]")
}

// TestAStreamThatReadsForItselfFindsALoss: without that it would read, and send a reset,
// again and again.
func TestAStreamThatReadsForItselfFindsALoss(t *testing.T) {
	t.Parallel()
	store := &history{latest: 3}
	s := startUnserved(t, sharedSecretConfig(), store)
	first, leave := s.server.feed.listen(ada)
	defer leave()
	l, leave := s.server.feed.listen(ada) // both before the first number is known
	defer leave()
	first.start(tasks.Place{Seq: 5})
	l.start(tasks.Place{Seq: 3}) // read after a loss
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := &reader{ResponseRecorder: httptest.NewRecorder(), let: make(chan struct{})}
	close(r.let)
	w := &stopsAfter{reader: r, writes: 5, stop: cancel}
	out := &eventStream{w: w, control: http.NewResponseController(w), l: l, seen: 3}
	if err := s.server.sendAll(ctx, out); err != nil || ctx.Err() != nil {
		t.Errorf("got error %v, and after some writes %v", err, ctx.Err())
	}
	if got := fmt.Sprint(ids(r)); got != "[3]" {
		t.Errorf("got events %v, want one reset at 3", got)
	}
}

// stopsAfter calls stop at a number of writes.
type stopsAfter struct {
	*reader
	writes int
	stop   func()
}

func (s *stopsAfter) Write(p []byte) (int, error) {
	if s.writes--; s.writes == 0 {
		s.stop()
	}
	return s.reader.Write(p)
}
