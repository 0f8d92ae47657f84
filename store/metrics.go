package store

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"vestibule/store/db"
)

// Why a session has ended, for the metrics.
const (
	signedOutSession = "signed-out"
	replacedSession  = "replaced" // by a new one of the same browser
	revokedSession   = "revoked"  // by its user, an operator, or a change of the account
	surplusSession   = "surplus"  // the user has more than SESSIONS_PER_USER
	expiredSession   = "expired"  // counted when its row is deleted
)

// metrics count what this process has written.
type metrics struct {
	events            *prometheus.CounterVec
	started, extended prometheus.Counter
	ended             *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	with := promauto.With(r)
	m := &metrics{
		events: with.NewCounterVec(prometheus.CounterOpts{
			Name: "vestibule_audit_events_total",
			Help: "Events that this process has added to the audit trail, by their name: sign-ups, sign-ins by result, ends of sessions, tokens of services, and changes of accounts.",
		}, []string{"event"}),
		started: with.NewCounter(prometheus.CounterOpts{
			Name: "vestibule_sessions_started_total",
			Help: "Sessions that this process has started, by a sign-up, a sign-in or a new password.",
		}),
		extended: with.NewCounter(prometheus.CounterOpts{
			Name: "vestibule_sessions_extended_total",
			Help: "Sessions that this process has extended because they are in use.",
		}),
		ended: with.NewCounterVec(prometheus.CounterOpts{
			Name: "vestibule_sessions_ended_total",
			Help: "Sessions that this process has ended, by cause. An expired session is counted when its row is deleted, which can be an hour later.",
		}, []string{"cause"}),
	}
	for _, event := range Events { // so that a rate begins at the first one
		m.events.WithLabelValues(event)
	}
	for _, cause := range []string{signedOutSession, replacedSession, revokedSession, surplusSession, expiredSession} {
		m.ended.WithLabelValues(cause)
	}
	return m
}

// countEnded counts ended sessions after the commit.
func (tx *Tx) countEnded(cause string, n int) {
	for range n {
		tx.count(tx.metrics.ended.WithLabelValues(cause))
	}
}

const (
	askSessionsEvery = time.Minute
	askOutboxEvery   = 15 * time.Second
)

// Measure registers the figures for which the database is asked, but only while somebody
// scrapes: live sessions and waiting mails. All instances of a database show the same. A nil r
// registers nothing.
func (s *Store) Measure(r prometheus.Registerer) {
	if r == nil {
		return
	}
	r.MustRegister(&polled{
		every: askSessionsEvery,
		descs: []*prometheus.Desc{prometheus.NewDesc("vestibule_sessions_live",
			"Sessions in the database that have not expired, as of the last minute. The number is exact on SQLite, and up to 10000 on PostgreSQL, where more are an estimate.", nil, nil)},
		ask: func(ctx context.Context, now time.Time) ([]float64, error) {
			n, err := s.countSessions(ctx, now)
			return []float64{float64(n)}, err
		},
	}, &polled{
		every: askOutboxEvery,
		descs: []*prometheus.Desc{
			prometheus.NewDesc("vestibule_outbox_mails", "Mails in the database that have not been sent.", nil, nil),
			prometheus.NewDesc("vestibule_outbox_oldest_seconds", "The age of the oldest mail that has not been sent. 0: there is none.", nil, nil),
		},
		ask: func(ctx context.Context, now time.Time) ([]float64, error) {
			n, age, err := s.outbox(ctx, now)
			return []float64{float64(n), age.Seconds()}, err
		},
	})
}

// exactSessions is up to how many live sessions are counted on PostgreSQL: a few milliseconds.
const exactSessions = 10_000

// countSessions returns how many sessions have not expired, see Measure. To count a million
// takes PostgreSQL a sixth of a second, and each instance would do that every minute.
func (s *Store) countSessions(ctx context.Context, now time.Time) (n int64, err error) {
	estimate := s.Dialect().EstimateSQL
	err = s.Call(ctx, "count live sessions", func(ctx context.Context) error {
		if estimate == nil {
			return s.AccountRead().One(ctx, []any{&n}, `SELECT count(*) FROM session WHERE "expiresAt" > ?`, now)
		}
		err := s.AccountRead().One(ctx, []any{&n}, `SELECT count(*) FROM (SELECT 1 FROM session WHERE "expiresAt" > ? LIMIT ?) AS live`, now, exactSessions)
		if err != nil || n < exactSessions {
			return err
		}
		return s.AccountRead().One(ctx, []any{&n}, `SELECT GREATEST(?, (`+estimate("session")+`))`, exactSessions)
	})
	return n, err
}

// outbox returns how many mails wait, and the age of the oldest.
func (s *Store) outbox(ctx context.Context, now time.Time) (n int64, age time.Duration, err error) {
	var oldest *time.Time
	err = s.Call(ctx, "count mails", func(ctx context.Context) error {
		return s.AccountRead().One(ctx, []any{&n, db.NullInstant(&oldest)}, `SELECT count(*), MIN("createdAt") FROM mail`)
	})
	if oldest != nil {
		age = max(0, now.Sub(*oldest))
	}
	return n, age, err
}
