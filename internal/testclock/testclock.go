// Package testclock provides a clock that tests set.
package testclock

import (
	"sync"
	"time"
)

// Clock moves only when a test sets it.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// At returns a clock that shows t.
func At(t time.Time) *Clock { return &Clock{at: t} }

// Now returns the clock's time. It is a func() time.Time for the code under test.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Set sets the clock, forward or back.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

// Advance moves the clock on by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
