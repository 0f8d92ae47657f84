package store

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// askPatience is how long a scrape waits for the database. It must still show everything else
// while the database is away.
const askPatience = time.Second

// polled has gauges for which the database is asked during a scrape, but not at each one. While
// it cannot be asked they are missing.
type polled struct {
	every time.Duration // at most one question in it
	descs []*prometheus.Desc
	ask   func(context.Context, time.Time) ([]float64, error) // one value per desc

	mu     sync.Mutex
	asked  time.Time
	values []float64 // nil: the database has not answered
}

// Describe implements prometheus.Collector.
func (p *polled) Describe(to chan<- *prometheus.Desc) {
	for _, d := range p.descs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (p *polled) Collect(to chan<- prometheus.Metric) {
	for i, v := range p.latest(time.Now()) {
		to <- prometheus.MustNewConstMetric(p.descs[i], prometheus.GaugeValue, v)
	}
}

// latest returns the values, and asks for them if the last question is too long ago. Concurrent
// scrapes wait for one answer.
func (p *polled) latest(now time.Time) []float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.asked) < p.every {
		return p.values
	}
	ctx, cancel := context.WithTimeout(context.Background(), askPatience)
	defer cancel()
	values, err := p.ask(ctx, now.UTC())
	if err != nil {
		values = nil
	}
	p.asked, p.values = now, values
	return values
}
