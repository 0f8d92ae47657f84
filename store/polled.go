package store

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// askPatience is how long the database may take to answer. A scrape waits twice as long at most: a
// hung disk heeds no context. The scrape must still show everything else while the database is away.
const askPatience = time.Second

// polled has gauges for which the database is asked during a scrape, but not at each one. While
// it cannot be asked they are missing.
type polled struct {
	every time.Duration // at most one question in it
	descs []*prometheus.Desc
	ask   func(context.Context, time.Time) ([]float64, error) // one value per desc

	mu     sync.Mutex
	asked  time.Time
	values []float64     // nil: the database has not answered
	answer chan struct{} // is closed when the question under way is over; nil: there is none
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
	if answer := p.question(now); answer != nil {
		select {
		case <-answer:
		case <-time.After(2 * askPatience):
			return nil
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.values
}

// question returns the question under way, and begins one if that is due.
func (p *polled) question(now time.Time) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answer != nil || now.Sub(p.asked) < p.every {
		return p.answer
	}
	answer := make(chan struct{})
	p.asked, p.answer = now, answer
	go func() {
		defer close(answer)
		ctx, cancel := context.WithTimeout(context.Background(), askPatience)
		defer cancel()
		values, err := p.ask(ctx, now.UTC())
		if err != nil {
			values = nil
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.values, p.answer = values, nil
	}()
	return answer
}
