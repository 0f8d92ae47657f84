package proxy

import (
	"sync/atomic"
	"time"
)

// once is a sync.Once for functions that sleep. Other callers sleep, too, until the function has
// returned. They do not wait for a lock: in a test's bubble (testing/synctest), no sleep ends
// while a goroutine waits for a lock.
type once struct {
	begun, done atomic.Bool
}

func (o *once) do(f func()) {
	if o.begun.CompareAndSwap(false, true) {
		defer o.done.Store(true)
		f()
		return
	}
	for !o.done.Load() {
		time.Sleep(time.Millisecond)
	}
}
