package api

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/store/tasks"
)

// brokenReads is a history whose reads of events may fail, or find a gap just before a loss.
type brokenReads struct {
	history
	fails, gap bool
}

func (h *brokenReads) TaskEvents(ctx context.Context, user string, after tasks.Place, limit int) ([]tasks.Event, bool, error) {
	events, more, err := h.history.TaskEvents(ctx, user, after, limit)
	if h.fails {
		return nil, false, errors.New("the connection is lost")
	}
	if h.gap && len(events) > 0 {
		h.gap = false
		far := events[0]
		far.Seq += 3
		events = append(events[:1:1], far)
		h.mu.Lock()
		h.latest = 2
		h.mu.Unlock()
	}
	return events, more, err
}

// TestAReadThatFailsDuringALossEndsItsStreams: new streams have another hub by then, so this
// one would be silent.
func TestAReadThatFailsDuringALossEndsItsStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &brokenReads{history: history{latest: 3}}
		s := startUnserved(t, sharedSecretConfig(), store)
		_, done := s.following(t.Context(), ada, true)
		synctest.Wait()
		store.pause, store.fails = time.Second, true
		store.add(1)
		s.server.feed.changed(ada) // the read takes a second
		synctest.Wait()
		store.add(-3)
		s.server.feed.lookForNews(context.Background()) // finds the loss
		begun := time.Now()
		if err := <-done; err == nil || time.Since(begun) != time.Second {
			t.Errorf("the stream has ended after %v with %v, want an error when the read fails", time.Since(begun), err)
		}
	})
}

// TestALossDropsWhatWasRead: changes that were read together with the loss do not stay in memory.
func TestALossDropsWhatWasRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &brokenReads{history: history{latest: 3}}
		s := startUnserved(t, sharedSecretConfig(), store)
		ctx, cancel := context.WithCancel(t.Context())
		_, done := s.following(ctx, ada, true)
		synctest.Wait()
		store.gap = true
		store.add(4)
		s.server.feed.changed(ada)
		time.Sleep(time.Minute)
		synctest.Wait()
		h := s.server.feed.listeners[ada]
		h.mu.Lock()
		if len(h.kept) > 0 || h.size > 0 {
			t.Errorf("the hub keeps %d changes of %d bytes", len(h.kept), h.size)
		}
		h.mu.Unlock()
		cancel()
		<-done
	})
}

// lateCommit is a history in which an event is committed between two reads.
type lateCommit struct {
	history
	commits bool
}

func (h *lateCommit) TaskFeed(ctx context.Context, user string) (int64, tasks.Place, error) {
	if h.commits {
		h.commits = false
		h.add(1)
	}
	return h.history.TaskFeed(ctx, user)
}

// TestAnEventAfterAReadInVainIsNoGap: a commit fails after its number was announced, and the
// next one takes the number while the hub reads.
func TestAnEventAfterAReadInVainIsNoGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &lateCommit{history: history{latest: 3}}
		s := startUnserved(t, sharedSecretConfig(), store)
		ctx, cancel := context.WithCancel(t.Context())
		r, done := s.following(ctx, ada, true)
		synctest.Wait()
		store.commits = true
		s.server.feed.Changed(ada, 4)
		time.Sleep(time.Second)
		synctest.Wait()
		if text := r.Body.String(); strings.Contains(text, "tasks.reset") || !strings.Contains(text, "id: 4\n") {
			t.Errorf("got %q, want the event 4", text)
		}
		cancel()
		<-done
	})
}
