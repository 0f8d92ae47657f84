package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// How the process stops, in order:
//
//  1. /readyz fails.
//  2. The public listeners close; requests under way have drainTime to end.
//  3. Then the context of every request ends, and with it the streams, which
//     have no end of their own (server-sent events, WebSockets), and the
//     background work. They have endTime to notice, then connections are cut.
//  4. The admin listener closes, and last the database, by whoever opened it.
const (
	drainTime = 10 * time.Second
	endTime   = 3 * time.Second
)

// process is everything that runs between start and stop.
type process struct {
	log     *slog.Logger
	servers []*server // the public ones
	admin   *server
	probes  *admin

	handlers   map[*server]http.Handler
	background []func(context.Context) // each returns when its context ends

	drain, end time.Duration
}

// run serves until ctx ends or a listener fails, then stops as said above.
// Only the failure of a listener is an error.
func (p *process) run(ctx context.Context) error {
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	probes, endProbes := context.WithCancel(context.WithoutCancel(ctx))
	defer endProbes()

	failed := make(chan error, len(p.servers)+1)
	var serving, working sync.WaitGroup
	start := func(s *server, base context.Context, h http.Handler) {
		s.configure(base, h, p.log)
		serving.Go(func() { failed <- s.serve() })
	}
	for _, s := range p.servers {
		start(s, requests, p.handlers[s])
	}
	start(p.admin, probes, p.probes.handler())
	for _, work := range p.background {
		working.Go(func() { work(requests) })
	}

	var failure error
	select {
	case <-ctx.Done():
		p.log.Info("stopping: requests under way may finish", "at_most", p.drain)
	case failure = <-failed:
		p.log.Error("stopping: a listener failed", "error", failure)
	}
	p.probes.stopping.Store(true)
	p.shutDown(p.servers, p.drain)
	endRequests()
	p.wait(&working)
	endProbes()
	p.shutDown([]*server{p.admin}, p.end)
	serving.Wait()
	p.log.Info("stopped")
	return failure
}
