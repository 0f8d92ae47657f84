package token

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// minted counts tokens by what they are for.
type minted struct{ session, service, exchange prometheus.Counter }

func newMinted(r prometheus.Registerer) minted {
	v := promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "vestibule_tokens_minted_total",
		Help: "Tokens that this process has signed, by what they are for: session (the requests of a signed-in user), service (a service acts for itself) or exchange (a service acts for a user).",
	}, []string{"kind"})
	return minted{v.WithLabelValues("session"), v.WithLabelValues("service"), v.WithLabelValues("exchange")}
}

var (
	keyAge = prometheus.NewDesc("vestibule_signing_key_age_seconds",
		"How long ago the key was created that is in the state: signs, or next. There is no next one most of the time. HS256 has no keys.", []string{"state"}, nil)
	keyNext = prometheus.NewDesc("vestibule_signing_key_next_seconds",
		"In how long the next key signs. Less than 0: it is late. It is missing with HS256, and if keys change only when an operator says so and none waits.", nil, nil)
)

// keyCollector shows what the process remembers of the key table. The ids of keys are no
// labels: each rotation would add a series.
type keyCollector struct{ m *Minter }

func (m *Minter) measureKeys(r prometheus.Registerer) {
	if r != nil {
		r.MustRegister(keyCollector{m})
	}
}

// Describe implements prometheus.Collector.
func (keyCollector) Describe(to chan<- *prometheus.Desc) {
	to <- keyAge
	to <- keyNext
}

// Collect implements prometheus.Collector.
func (c keyCollector) Collect(to chan<- prometheus.Metric) {
	now, rows := c.m.config.Now(), c.m.table.last.Load().rows
	keys := signingKeys(rows, c.m.config.Algorithm)
	if len(keys) == 0 {
		return
	}
	age := func(k Key, state State) {
		to <- prometheus.MustNewConstMetric(keyAge, prometheus.GaugeValue, now.Sub(k.CreatedAt).Seconds(), string(state))
	}
	in := func(then time.Time) {
		to <- prometheus.MustNewConstMetric(keyNext, prometheus.GaugeValue, then.Sub(now).Seconds())
	}
	at := turn(keys, starts, now)
	age(keys[at], Signs)
	if at+1 < len(keys) {
		age(keys[at+1], Next)
		in(starts(keys[at+1]))
	} else if due, scheduled := c.m.config.Due(rows); scheduled {
		in(due.Add(lead))
	}
}
