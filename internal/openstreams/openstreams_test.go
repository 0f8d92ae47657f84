package openstreams

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/fair"
)

// enter opens a stream that must find a place. It counts its questions.
func enter(t *testing.T, r *Room, key string) (asked *atomic.Int32, leave func()) {
	t.Helper()
	asked = new(atomic.Int32)
	leave, err := r.Enter(t.Context(), key, func() { asked.Add(1) })
	if err != nil {
		t.Fatalf("%s: got %v, want a place", key, err)
	}
	return asked, leave
}

// refused opens a stream that must find no place, and returns how long it has waited.
func refused(t *testing.T, r *Room, key string, want error) time.Duration {
	t.Helper()
	begun := time.Now()
	if _, err := r.Enter(t.Context(), key, func() {}); !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", key, err, want)
	}
	return time.Since(begun)
}

// TestAStreamWithoutAClientMakesRoom at its second question, as behind HAProxy.
func TestAStreamWithoutAClientMakesRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := New(10, 2)
		living, leave := enter(t, r, "a")
		var leaveDead func()
		var questions atomic.Int32
		leaveDead, err := r.Enter(t.Context(), "a", func() {
			if questions.Add(1) == 2 {
				leaveDead()
				leaveDead() // counts once
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		_, leaveNew := enter(t, r, "a")
		if took := time.Since(begun); took != pause {
			t.Errorf("the new stream has waited %v, want %v", took, pause)
		}
		time.Sleep(time.Hour)
		if n := living.Load(); n != 2 || questions.Load() != 2 {
			t.Errorf("the streams were asked %d and %d times, want 2", n, questions.Load())
		}
		leave()
		leaveNew()
		if taken, waiting := r.Load(); taken != 0 || waiting != 0 || len(r.keys) != 0 {
			t.Errorf("at the end %d places are taken, %d wait, and %d keys are remembered", taken, waiting, len(r.keys))
		}
	})
}

func TestStreamsThatLiveKeepTheirPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := New(10, 2)
		first, _ := enter(t, r, "a")
		second, _ := enter(t, r, "a")
		other, _ := enter(t, r, "b")
		if took := refused(t, r, "a", fair.ErrKey); took != Wait {
			t.Errorf("the new stream has waited %v, want %v", took, Wait)
		}
		time.Sleep(time.Hour)
		for _, asked := range []*atomic.Int32{first, second} {
			if n := asked.Load(); n != questions {
				t.Errorf("a stream was asked %d times, want %d", n, questions)
			}
		}
		if n := other.Load(); n != 0 {
			t.Errorf("a stream of another key was asked %d times", n)
		}
		if n := r.places.Held("a"); n != 2 {
			t.Errorf("%d streams have places, want both", n)
		}
	})
}

// TestQuestionsAreFew, however many streams ask for a place and leave. A stream that is new
// meanwhile is asked all the same.
func TestQuestionsAreFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := New(10, 1)
		asked, leave := enter(t, r, "a")
		begun := time.Now()
		for range 1000 {
			ctx, cancel := context.WithTimeout(t.Context(), pause/10)
			if _, err := r.Enter(ctx, "a", func() {}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the end of the context", err)
			}
			cancel()
		}
		if n, want := asked.Load(), int32(questions*(1+time.Since(begun)/rest)); n != want {
			t.Errorf("the stream was asked %d times in %v, want %d", n, time.Since(begun), want)
		}
		leave()
		later, _ := enter(t, r, "a")
		refused(t, r, "a", fair.ErrKey)
		if n := later.Load(); n != questions {
			t.Errorf("a later stream was asked %d times, want %d", n, questions)
		}
	})
}

func TestFewStreamsOfAKeyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := New(10, 5)
		asked, _ := enter(t, r, "a")
		for range 4 {
			enter(t, r, "a")
		}
		for range most {
			go func() { _, _ = r.Enter(t.Context(), "a", func() {}) }()
		}
		synctest.Wait()
		if _, waiting := r.Load(); waiting != most {
			t.Errorf("%d streams wait, want %d", waiting, most)
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("a stream was asked %d times at once, because several wait", n)
		}
		if took := refused(t, r, "a", fair.ErrKey); took != 0 {
			t.Errorf("a stream has waited %v behind as many as may wait", took)
		}
		time.Sleep(Wait)
	})
}

// TestNoStreamWaitsForThoseOfOthers when all places are taken.
func TestNoStreamWaitsForThoseOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := New(2, 2)
		mine, _ := enter(t, r, "a")
		theirs, _ := enter(t, r, "b")
		if took := refused(t, r, "a", fair.ErrAll); took != 0 {
			t.Errorf("the stream has waited %v", took)
		}
		time.Sleep(time.Hour)
		if mine.Load() != 0 || theirs.Load() != 0 {
			t.Error("streams were asked for a place that their key may not have")
		}
	})
}
