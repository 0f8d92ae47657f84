package daemon

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// How the process stops, in order:
//
//  1. /readyz fails. Whoever asks it regularly is waited for (readyzpolls.go).
//  2. The public listeners close; requests under way may take drainTime more.
//     Streams of task events end at once: their readers connect again.
//  3. The context of every request ends, and with it the streams, which have
//     no end of their own (server-sent events, WebSockets), and the background
//     work. After endTime, connections that are left are cut.
//  4. The admin listener closes, and last, by whoever opened it, the database.
const (
	drainTime = 10 * time.Second
	endTime   = 3 * time.Second
)

// process is everything that runs between start and stop.
type process struct {
	log        *slog.Logger
	surfaces   []surface
	work       func(context.Context) // beside theirs; nil: none
	admin      *admin
	adminAt    *server
	drain, end time.Duration
}

// surface is one side of the program with its listener.
type surface struct {
	at      *server
	handler http.Handler
	work    func(context.Context) // in the background, until its context ends
	stop    func()                // called when the listener closes; nil: nothing to do
}

// run serves until ctx ends or a listener fails, then stops. Only a listener's
// failure is an error.
func (p *process) run(ctx context.Context) error {
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	probes, endProbes := context.WithCancel(context.WithoutCancel(ctx))
	defer endProbes()

	failed := make(chan error, len(p.surfaces)+1)
	var serving, working sync.WaitGroup
	start := func(s *server, base context.Context, h http.Handler) {
		s.prepare(base, h, p.log)
		serving.Go(func() {
			if err := s.serve(); err != nil {
				failed <- err
			}
		})
	}
	for _, s := range p.surfaces {
		start(s.at, requests, s.handler)
		working.Go(func() { s.work(requests) })
	}
	if p.work != nil {
		working.Go(func() { p.work(requests) })
	}
	start(p.adminAt, probes, p.admin.handler())

	var cause error
	select {
	case <-ctx.Done():
	case cause = <-failed:
	}
	p.admin.stopping.Store(true)
	p.log.Info("stopping; requests in progress may finish", "at_most", p.drain.String())
	p.admin.polls.waitForPoller(time.Now())
	public := make([]*server, len(p.surfaces))
	for i, s := range p.surfaces {
		public[i] = s.at
		if s.stop != nil {
			s.stop()
		}
	}
	p.drainRequests(public)
	endRequests()
	p.closeRemaining(public, &working)
	endProbes()
	_ = p.adminAt.http.Close()
	serving.Wait()
	p.log.Info("stopped")
	return cause
}

// drainRequests closes the listeners and waits for the requests under way.
func (p *process) drainRequests(servers []*server) {
	ctx, cancel := context.WithTimeout(context.Background(), p.drain)
	defer cancel()
	var draining sync.WaitGroup
	for _, s := range servers {
		draining.Go(func() {
			if s.http.Shutdown(ctx) != nil {
				p.log.Info("ending requests that are still in progress", "surface", s.surface)
			}
		})
	}
	draining.Wait()
}

// closeRemaining waits until the ended requests and the background work are gone, and
// cuts off what does not go.
func (p *process) closeRemaining(servers []*server, working *sync.WaitGroup) {
	gone := make(chan struct{})
	go func() {
		working.Wait()
		for _, s := range servers {
			for s.running.Load() > 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(p.end):
		p.log.Warn("closing connections that did not end")
	}
	for _, s := range servers {
		_ = s.http.Close()
	}
}
