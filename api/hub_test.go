package api

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/store/tasks"
)

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
		ofBob, _ := s.resuming(ctx, bob, true, 0)
		synctest.Wait()
		if got, want := fmt.Sprint(ids(ofBob)), fmt.Sprint(numbers(10)); got != want {
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
		if tasks.most > readsAtOnce(tasks.Shares()) {
			t.Errorf("%d reads at once, want %d", tasks.most, readsAtOnce(tasks.Shares()))
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
		store := &history{}
		s := startUnserved(t, sharedSecretConfig(), store)
		var all []*listener
		for range 3 {
			l, leave := s.server.feed.listen(ada)
			defer leave()
			l.start(tasks.Place{})
			if c, behind, err := l.hub.next(l, 0); c != nil || behind || err != nil {
				t.Fatalf("before anything: got %v, %t, %v", c, behind, err)
			}
			all = append(all, l)
		}
		store.add(1)
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

// TestAStreamReadsWhatTheHubNoLongerKeeps: a stream that has not seen the event before the
// first kept change must not skip it.
func TestAStreamReadsWhatTheHubNoLongerKeeps(t *testing.T) {
	t.Parallel()
	l := &listener{wake: make(chan struct{}, 1)}
	h := &hub{
		started: true, latest: tasks.Place{Seq: 9}, streams: map[*listener]struct{}{l: {}},
		kept: []change{{before: 5, seq: 7}, {before: 7, seq: 9}}, taken: make(chan struct{}),
		timer: time.NewTimer(time.Hour),
	}
	l.hub = h
	for seen, want := range map[int64]int64{5: 7, 6: 7, 7: 9, 8: 9} {
		if c, behind, err := h.next(l, seen); err != nil || behind || c.seq != want {
			t.Errorf("after %d: got %v, behind %t, %v; want change %d", seen, c, behind, err, want)
		}
	}
	if c, behind, err := h.next(l, 4); err != nil || !behind || c != nil {
		t.Errorf("after 4: got %v, behind %t, %v; want it to read by itself", c, behind, err)
	}
}
