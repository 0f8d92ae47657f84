package db

import (
	"context"
	"database/sql"
	"sync"

	"github.com/jmoiron/sqlx"
)

// prepared is a pool of SQLite connections that keeps parsed statements by their text,
// because parsing a small read takes as long as running it. It is for the few texts that
// never vary. PostgreSQL does not use it, because a prepared statement belongs to one server
// connection.
type prepared struct {
	*sqlx.DB
	mu         sync.Mutex
	statements map[string]*sql.Stmt
}

func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.statements[query]; ok {
		return s, nil
	}
	//lint:ignore sqlclosecheck it is kept, and closed with the pool
	s, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.statements[query] = s
	return s, nil
}

func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	//lint:ignore sqlclosecheck it is kept for the next call
	s, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// preparedWrites keeps parsed statements of SQLite's only writing connection, as prepared does
// for those that read. A new one is parsed after the transaction that was the first to use it,
// because the transaction has the connection.
type preparedWrites struct {
	pool       *sqlx.DB
	mu         sync.Mutex
	statements map[string]*sql.Stmt // nil: not parsed yet
	wanted     bool                 // there are such
}

// get returns the parsed statement, or nil.
func (p *preparedWrites) get(query string) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, known := p.statements[query]
	if !known {
		p.statements[query], p.wanted = nil, true
	}
	return s
}

// parse parses what is missing. What fails is tried again after the next transaction.
func (p *preparedWrites) parse(ctx context.Context) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.wanted {
		return
	}
	for query, s := range p.statements {
		if s != nil {
			continue
		}
		//lint:ignore sqlclosecheck it is kept, and closed with the pool
		s, err := p.pool.PrepareContext(ctx, query)
		if err != nil {
			return
		}
		p.statements[query] = s
	}
	p.wanted = false
}

// preparedTx is a transaction that uses them.
type preparedTx struct {
	*sqlx.Tx
	prepared *preparedWrites
}

func (t preparedTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := t.prepared.get(query); s != nil {
		//lint:ignore sqlclosecheck the end of the transaction closes it
		return t.StmtContext(ctx, s).QueryContext(ctx, args...)
	}
	return t.Tx.QueryContext(ctx, query, args...)
}

func (t preparedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := t.prepared.get(query); s != nil {
		//lint:ignore sqlclosecheck the end of the transaction closes it
		return t.StmtContext(ctx, s).ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, query, args...)
}
