package token

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"vestibule/internal/jose"
)

// publishedFor is how long a key set is served from memory. A new key of another
// instance can be missing here for that long. The endpoint needs no session:
// without this memory, anybody could cause a query with every request.
const publishedFor = 5 * time.Second

// published is the key set that was last read from the table.
type published struct {
	last    atomic.Pointer[keySet]
	reading chan struct{} // holds one element while the table is read: one reading at a time
}

type keySet struct {
	json   []byte
	public map[string]jose.Key // by id
	read   time.Time
}

func newPublished() *published {
	return &published{reading: make(chan struct{}, 1)}
}

// at returns the set if it is recent enough to serve.
func (p *published) at(now time.Time) (*keySet, bool) {
	s := p.last.Load()
	if s == nil || now.Before(s.read) || now.Sub(s.read) >= publishedFor {
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
	if set, ok := m.set.at(m.config.Now()); ok {
		return set, nil
	}
	select {
	case m.set.reading <- struct{}{}:
		defer func() { <-m.set.reading }()
	case <-ctx.Done():
		return nil, fmt.Errorf("token: read keys: %w", ctx.Err())
	}
	now := m.config.Now()
	if set, ok := m.set.at(now); ok {
		return set, nil
	}
	set, err := m.publish(ctx, now)
	if err != nil {
		return nil, err
	}
	m.set.last.Store(set)
	return set, nil
}

func (m *Minter) publish(ctx context.Context, now time.Time) (*keySet, error) {
	all, err := m.keys.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("token: read keys: %w", err)
	}
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	public := map[string]jose.Key{}
	for _, k := range all {
		if k.Algorithm != jose.EdDSA && k.Algorithm != jose.ES256 || k.ExpiresAt != nil && !k.ExpiresAt.After(now) {
			continue
		}
		key, err := publicPart(k)
		if err != nil {
			return nil, err
		}
		jwk, err := key.JWK()
		if err != nil {
			return nil, fmt.Errorf("token: key %s: public part: %w", k.ID, err)
		}
		set.Keys = append(set.Keys, jwk)
		public[k.ID] = key
	}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, err
	}
	return &keySet{json: text, public: public, read: now}, nil
}
