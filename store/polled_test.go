package store

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestAHungDatabaseDelaysAScrapeByTwoSeconds, however many scrapes there are, and it is asked once.
func TestAHungDatabaseDelaysAScrapeByTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		hang := make(chan struct{})
		p := &polled{every: time.Minute, ask: func(context.Context, time.Time) ([]float64, error) {
			asked.Add(1)
			<-hang // like a read of a hung disk, it heeds no context
			return []float64{7}, nil
		}}
		begun := time.Now()
		for range 3 {
			go p.latest(time.Now())
		}
		synctest.Wait()
		if got := p.latest(time.Now()); got != nil || time.Since(begun) != 2*askPatience {
			t.Errorf("got %v after %v, want nothing after 2 s", got, time.Since(begun))
		}
		time.Sleep(2 * time.Minute)
		p.latest(time.Now())
		if asked.Load() != 1 {
			t.Errorf("it was asked %d times, want once", asked.Load())
		}
		close(hang)
		synctest.Wait()
		if got := p.latest(time.Now()); !slices.Equal(got, []float64{7}) {
			t.Errorf("after the answer: got %v", got)
		}
		synctest.Wait()
	})
}

// TestAFailedQuestionHidesTheValues: old ones would look like new ones.
func TestAFailedQuestionHidesTheValues(t *testing.T) {
	err := error(nil)
	p := &polled{every: time.Minute, ask: func(context.Context, time.Time) ([]float64, error) { return []float64{7}, err }}
	now := time.Now()
	if got := p.latest(now); len(got) != 1 {
		t.Errorf("got %v", got)
	}
	err = errors.New("away")
	if got := p.latest(now.Add(time.Minute)); got != nil {
		t.Errorf("got %v, want none", got)
	}
}
