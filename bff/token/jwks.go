package token

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vestibule/internal/jose"
)

// publishedFor is how long a key set is served from memory. A new key of another
// instance can be missing here for that long. The endpoint needs no session:
// without this memory, anybody could cause a query with every request.
const publishedFor = 5 * time.Second

// at returns the set if it is recent enough to serve.
func (t *table) at(now time.Time) (*keySet, bool) {
	s := t.last.Load()
	if now.Before(s.read) || now.Sub(s.read) >= publishedFor {
		return nil, false
	}
	return s, true
}

// JWKS returns the public keys as a JWK Set (RFC 7517 §5): all keys that have not
// ended, of every algorithm and instance. In HS256 mode the set is empty, because
// that key is a secret. The error is the table's, or names a damaged key.
func (m *Minter) JWKS(ctx context.Context) ([]byte, error) {
	if m.config.Algorithm == jose.HS256 {
		return []byte(`{"keys":[]}`), nil
	}
	set, err := m.keySet(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(set.json), nil
}

// keySet returns the set in memory, or reads the table if that set is too old.
func (m *Minter) keySet(ctx context.Context) (*keySet, error) {
	if set, ok := m.table.at(m.config.Now()); ok {
		return set, nil
	}
	select {
	case m.table.reading <- struct{}{}:
		defer func() { <-m.table.reading }()
	case <-ctx.Done():
		return nil, fmt.Errorf("token: read keys: %w", ctx.Err())
	}
	if set, ok := m.table.at(m.config.Now()); ok {
		return set, nil
	}
	return m.reread(ctx)
}
