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
