package token

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// publishedFor is how long a key set is served from memory: the longest that a
// key which another instance made can be missing here. The endpoint needs no
// session, so without it anybody could make the database work.
const publishedFor = 5 * time.Second

// published is the key set of the last reading of the table.
type published struct {
	last    atomic.Pointer[keySet]
	reading chan struct{} // holds one element while the table is read: one reading at a time
}

type keySet struct {
	json []byte
	read time.Time
}

func newPublished() *published {
	return &published{reading: make(chan struct{}, 1)}
}

// at returns the set while it is young enough to serve.
func (p *published) at(now time.Time) ([]byte, bool) {
	s := p.last.Load()
	if s == nil || now.Before(s.read) || now.Sub(s.read) >= publishedFor {
		return nil, false
	}
	return slices.Clone(s.json), true
}

// JWKS returns the public keys as a JWK Set (RFC 7517 §5): all that have not
// ended, of whichever algorithm and instance. In HS256 mode it is empty, since
// that key is a secret. The error is the table's, or names a key that is
// damaged.
func (m *Minter) JWKS(ctx context.Context) ([]byte, error) {
	if m.config.Algorithm == HS256 {
		return []byte(`{"keys":[]}`), nil
	}
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
	m.set.last.Store(&keySet{json: set, read: now})
	return slices.Clone(set), nil
}

func (m *Minter) publish(ctx context.Context, now time.Time) ([]byte, error) {
	all, err := m.keys.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("token: read keys: %w", err)
	}
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, k := range all {
		if k.Algorithm != EdDSA && k.Algorithm != ES256 || k.ExpiresAt != nil && !k.ExpiresAt.After(now) {
			continue
		}
		public, err := decodePublic([]byte(k.PublicKey), k.Algorithm)
		if err != nil {
			return nil, fmt.Errorf("token: key %s: public part: %w", k.ID, err)
		}
		jwk, err := encodeJWK(public, k.Algorithm, k.ID)
		if err != nil {
			return nil, fmt.Errorf("token: key %s: public part: %w", k.ID, err)
		}
		set.Keys = append(set.Keys, jwk)
	}
	return json.Marshal(set)
}
