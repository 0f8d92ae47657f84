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

// connector opens connections whose socket is a link, to the first of a URL's
// hosts that will do. lib/pq could go through the hosts by itself, but it begins
// with the first one each time, and while that one is silent every new connection
// would wait for it. Nor has it an error by which a standby can be told.
type connector struct {
	hosts   *hosts
	silence time.Duration // how long the server may take to answer; 0: for ever

	// unhurried transactions are ended by none of the server's timeouts.
	unhurried bool
}

// hosts are the servers of one URL.
type hosts struct {
	each   []host
	admit  string        // a query for whether the server will not do; "" where any will
	bound  time.Duration // on the answer to it
	random bool
	better atomic.Pointer[preferred]
}

type host struct {
	name   string
	driver *pq.Connector
}

// preferred is the host that has answered when those before it had not.
type preferred struct {
	index int
	until time.Time
}

// preferFor is how long the hosts before the preferred one are left alone.
const preferFor = time.Minute

func newHosts(config pq.Config) (*hosts, error) {
	h := &hosts{bound: config.ConnectTimeout, random: config.LoadBalanceHosts == pq.LoadBalanceHostsRandom}
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

// first is the index of the host to begin with.
func (h *hosts) first() int {
	if h.random {
		return rand.IntN(len(h.each))
	}
	if p := h.better.Load(); p != nil && time.Now().Before(p.until) {
		return p.index
	}
	return 0
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
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
	var l *link
	conn, err := d.Connect(context.WithValue(ctx, linkKey{}, &l))
	if err != nil {
		return nil, err
	}
	l.silence, l.established = c.hosts.bound, true
	linked := linkedConn{conn.(pqConn), l, c.unhurried}
	if err := c.hosts.check(ctx, linked); err != nil {
		return nil, errors.Join(err, linked.Close())
	}
	l.silence = c.silence
	if c.silence == 0 {
		_ = l.SetDeadline(time.Time{})
	}
	return linked, nil
}

// check returns an error unless the server will do.
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

// BeginTx implements driver.ConnBeginTx. It names the isolation that the statements
// of this package are written for; a database or role may have another default,
// with which transactions fail that only met.
func (c linkedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if opts.Isolation == driver.IsolationLevel(sql.LevelDefault) {
		opts.Isolation = driver.IsolationLevel(sql.LevelReadCommitted)
	}
	tx, err := c.pqConn.BeginTx(ctx, opts)
	if err != nil || !c.unhurried {
		return tx, err
	}
	if _, err := c.ExecContext(ctx, noTimeoutsSQL, nil); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// noTimeoutsSQL lifts, for one transaction, those timeouts that the server has: each
// version has others.
const noTimeoutsSQL = `SELECT set_config(name, '0', true) FROM pg_catalog.pg_settings
	WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`
