package daemon

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"vestibule/bff"
)

// The process stops in this order:
//
//  1. /readyz fails. The public listeners stay open for DRAIN_DELAY, and until each load
//     balancer that polls /readyz knows (readyzpolls.go). Every answer tells its client to
//     close the connection.
//  2. The public listeners close. Requests in progress may take drainTime more. Streams of
//     events and WebSockets end at once, because their clients connect again. Every answer
//     ends its connection (lastanswers.go).
//  3. The contexts of all requests end. This stops the background work and what would never
//     end by itself. After endTime the process closes the remaining connections.
//  4. The admin listener closes. Then Run closes the database.
const (
	drainTime = 10 * time.Second
	endTime   = 3 * time.Second
)

// process holds everything that runs between start and stop.
type process struct {
	log        *slog.Logger
	surfaces   []surface
	bff        *bff.Server           // nil: it does not run
	work       func(context.Context) // background work besides that of the surfaces; may be nil
	admin      *admin
	adminAt    *server
	keepAlive  time.Duration // how long a connection is kept between requests
	drainDelay time.Duration // between the failure of /readyz and the end of the listeners
	drain, end time.Duration
}

// surface is the BFF, its forward auth or the API, with its server.
type surface struct {
	at      *server
	handler http.Handler
	work    func(context.Context) // background work, until its context ends; may be nil
	stop    func()                // called before the listener closes; may be nil
}

// run serves until ctx ends or a listener fails, and then stops. It returns an error
// only if a listener failed.
func (p *process) run(ctx context.Context) error {
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	probes, endProbes := context.WithCancel(context.WithoutCancel(ctx))
	defer endProbes()

	failed := make(chan error, len(p.surfaces)+1)
	var serving, working sync.WaitGroup
	start := func(s *server, base context.Context, h http.Handler) {
		s.prepare(base, h, p.keepAlive, p.log)
		serving.Go(func() {
			if err := s.serve(); err != nil {
				failed <- err
			}
		})
	}
	for _, s := range p.surfaces {
		start(s.at, requests, s.handler)
		if s.work != nil {
			working.Go(func() { s.work(requests) })
		}
	}
	if p.work != nil {
		working.Go(func() { p.work(requests) })
	}
	if gcIsOurs() {
		working.Go(func() { new(memory).run(requests) })
	}
	start(p.adminAt, probes, p.admin.handler())

	var cause error
	select {
	case <-ctx.Done():
	case cause = <-failed:
	}
	public := make([]*server, len(p.surfaces))
	for i, s := range p.surfaces {
		public[i] = s.at
	}
	p.leave(public)
	for _, s := range p.surfaces {
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

// leave makes /readyz fail and waits until clients and load balancers should have gone.
func (p *process) leave(servers []*server) {
	begun := time.Now()
	// First the goodbye: whoever has seen /readyz fail gets no answer without it.
	for _, s := range servers {
		s.leaving.Store(true)
	}
	p.admin.stopping.Store(true)
	polling, _ := p.admin.polls.waiting(begun)
	p.log.Info("stopping: /readyz fails, and the listeners stay open until load balancers know", "drain_delay", p.drainDelay.String(), "balancers", polling)
	p.admin.polls.wait()
	time.Sleep(time.Until(begun.Add(p.drainDelay)))
	for _, s := range servers {
		s.last.begin()
	}
	p.log.Info("closing the listeners; requests in progress may finish", "at_most", p.drain.String())
}

// drainRequests closes the listeners and waits for the requests in progress.
func (p *process) drainRequests(servers []*server) {
	ctx, cancel := context.WithTimeout(context.Background(), p.drain)
	defer cancel()
	var draining sync.WaitGroup
	for _, s := range servers {
		draining.Go(func() {
			s.acceptLast(ctx)
			if s.http.Shutdown(ctx) != nil {
				p.log.Info("ending requests that are still in progress", "surface", s.surface)
			}
		})
	}
	draining.Wait()
}

// closeRemaining waits until the cancelled requests and the background work have ended.
// After a timeout it closes their connections.
func (p *process) closeRemaining(servers []*server, working *sync.WaitGroup) {
	ended := make(chan struct{})
	go func() {
		working.Wait()
		for _, s := range servers {
			for s.running.Load() > 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(p.end):
		p.log.Warn("closing connections that did not end")
	}
	for _, s := range servers {
		_ = s.http.Close()
	}
}
