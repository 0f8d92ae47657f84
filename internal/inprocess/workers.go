package inprocess

import (
	"sync"
	"time"
)

// workers are goroutines that call handlers. A new goroutine begins with a small stack, and a
// handler with a database below it needs a large one: growing the stack took a tenth of the
// processor time of a short request. So a worker stays for a moment and takes the next call.
// The zero value is ready.
type workers struct {
	once  sync.Once
	calls chan func()
}

// run calls f in a worker that waits, or in a new one. A worker waits for at most idle. While it
// waits, collections of garbage shrink its stack.
func (w *workers) run(f func(), idle time.Duration) {
	w.once.Do(func() { w.calls = make(chan func()) })
	select {
	case w.calls <- f:
	default:
		go w.work(f, idle)
	}
}

func (w *workers) work(f func(), idle time.Duration) {
	f()
	if idle <= 0 {
		return
	}
	over := time.NewTimer(idle)
	defer over.Stop()
	for f = nil; ; f = nil { // what it holds is over
		select {
		case f = <-w.calls:
			f()
			over.Reset(idle)
		case <-over.C:
			return
		}
	}
}
