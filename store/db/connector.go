package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
)

// connector opens connections to the first suitable host of a URL; their socket is a link.
// lib/pq can try several hosts itself, but it always starts with the first one. While that
// one is silent, every new connection would wait for it. It also has no error by which a
// standby can be recognized.
type connector struct {
	hosts   *hosts
	silence time.Duration // how long the server may take to answer; 0: no limit

	// noTimeouts turns off the server's timeouts for transactions.
	noTimeouts bool
}

// hosts are the servers of one URL.
type hosts struct {
	each   []host
	admit  string        // a query that is true if the server is not suitable; "": all are
	bound  time.Duration // for the answer to it
	random bool
	better atomic.Pointer[preferred]

	gate     *gate
	silences silences
}

type host struct {
	name   string
	driver *pq.Connector
}

// preferred is the host that answered after those before it did not.
type preferred struct {
	index int
	until time.Time
}

// preferFor is how long the hosts before the preferred one are skipped.
const preferFor = time.Minute

func newHosts(config pq.Config) (*hosts, error) {
	h := &hosts{gate: newGate(), bound: config.ConnectTimeout, random: config.LoadBalanceHosts == pq.LoadBalanceHostsRandom}
	switch config.TargetSessionAttrs {
	case pq.TargetSessionAttrsPrimary:
		h.admit = `SELECT pg_catalog.pg_is_in_recovery()`
	case pq.TargetSessionAttrsReadWrite:
		h.admit = `SELECT pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('transaction_read_only')::boolean`
	}
	all := append([]pq.ConfigMultihost{{Host: config.Host, Hostaddr: config.Hostaddr, Port: config.Port}}, config.Multi...)
	for _, at := range all {
		one := config.Clone()
		one.Host, one.Hostaddr, one.Port, one.Multi, one.TargetSessionAttrs = at.Host, at.Hostaddr, at.Port, nil, ""
		driver, err := pq.NewConnectorConfig(one)
		if err != nil {
			return nil, err
		}
		driver.Dialer(dialer{})
		h.each = append(h.each, host{net.JoinHostPort(at.Host, strconv.Itoa(int(at.Port))), driver})
	}
	return h, nil
}

// first is the index of the host to try first.
func (h *hosts) first() int {
	if h.random {
		return rand.IntN(len(h.each)) // #nosec G404 -- no secret: it spreads the load
	}
	if p := h.better.Load(); p != nil && time.Now().Before(p.until) {
		return p.index
	}
	return 0
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	return c.hosts.gate.open(ctx, func() (driver.Conn, error) { return c.login(ctx) })
}

// login opens a connection to the first suitable host.
func (c connector) login(ctx context.Context) (driver.Conn, error) {
	var errs []error
	first, n := c.hosts.first(), len(c.hosts.each)
	for i := range n {
		at := (first + i) % n
		conn, err := c.open(ctx, c.hosts.each[at].driver)
		if err == nil {
			if i > 0 {
				c.hosts.better.Store(&preferred{at, time.Now().Add(preferFor)})
			}
			return conn, nil
		}
		if n == 1 {
			return nil, err
		}
		errs = append(errs, fmt.Errorf("%s: %w", c.hosts.each[at].name, err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

func (c connector) open(ctx context.Context, d *pq.Connector) (driver.Conn, error) {
	l := &link{silences: &c.hosts.silences}
	conn, err := d.Connect(context.WithValue(ctx, linkKey{}, l))
	if err != nil {
		return nil, err
	}
	l.silence, l.until, l.established = c.hosts.bound, time.Time{}, true
	linked := linkedConn{conn.(pqConn), l, c.noTimeouts}
	if err := c.hosts.check(ctx, linked); err != nil {
		return nil, errors.Join(err, linked.Close())
	}
	l.silence = c.silence
	l.obey(context.Background())
	_ = l.SetDeadline(time.Time{})
	return linked, nil
}

// check returns an error unless the server is suitable.
func (h *hosts) check(ctx context.Context, conn linkedConn) error {
	if h.admit == "" {
		return nil
	}
	rows, err := conn.QueryContext(ctx, h.admit, nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	answer := make([]driver.Value, 1)
	if err := rows.Next(answer); err != nil {
		return err
	}
	if refused, ok := answer[0].(bool); !ok || refused {
		return fmt.Errorf("%w: the server takes no writes", ErrUnavailable)
	}
	return nil
}

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return pq.Driver{} }

// BeginTx implements driver.ConnBeginTx. It sets the isolation level that the statements
// are written for. A database or role may have a stricter default, with which concurrent
// transactions would fail.
func (c linkedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.link.obey(ctx)
	if opts.Isolation == driver.IsolationLevel(sql.LevelDefault) {
		opts.Isolation = driver.IsolationLevel(sql.LevelReadCommitted)
	}
	tx, err := c.pqConn.BeginTx(ctx, opts)
	if err != nil || !c.noTimeouts {
		return tx, err
	}
	if _, err := c.ExecContext(ctx, noTimeoutsSQL, nil); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// noTimeoutsSQL turns off the server's timeouts for one transaction. It asks which exist,
// because that depends on the server's version.
const noTimeoutsSQL = `SELECT set_config(name, '0', true) FROM pg_catalog.pg_settings
	WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`
