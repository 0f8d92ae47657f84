package token

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"vestibule/internal/jose"
)

// table is what this instance remembers of the key table.
type table struct {
	last    atomic.Pointer[keySet]
	reading chan struct{} // holds one element while the table is read: one reading at a time
}

// keySet is the key table at one moment.
type keySet struct {
	read    time.Time
	rows    []Key
	json    []byte              // the published keys
	public  map[string]jose.Key // the same, by id
	signers []signer            // the keys that sign now or later, in the order of their turns
	locked  error               // why the first one that is missing could not be opened; nil: none is missing
}

// signer is a key whose private part is open.
type signer struct {
	row Key
	jose.Signer
}

func (s signer) starts() time.Time { return starts(s.row) }

func newTable() *table { return &table{reading: make(chan struct{}, 1)} }

// signer returns the key that signs at now.
func (m *Minter) signer(now time.Time) jose.Signer {
	if m.config.Algorithm == jose.HS256 {
		return m.secret
	}
	return m.table.last.Load().signer(now)
}

func (s *keySet) signer(now time.Time) jose.Signer {
	return s.signers[turn(s.signers, signer.starts, now)].Signer
}

// publishes reports whether the key with this id verifies tokens. "" is the secret.
func (m *Minter) publishes(keyID string) bool {
	if keyID == "" {
		return true
	}
	_, known := m.table.last.Load().public[keyID]
	return known
}

// begin reads the table for the first time. If no key can sign, it makes one.
func (m *Minter) begin(ctx context.Context) error {
	set, err := m.readTable(ctx)
	if err == nil && len(signingKeys(set.rows, m.config.Algorithm)) == 0 {
		set, err = m.addFirst(ctx)
	}
	if err != nil {
		return err
	}
	// A wrong secret must be noticed at the start, also if it opens some keys.
	if set.locked != nil {
		return set.locked
	}
	m.table.last.Store(set)
	return nil
}

func (m *Minter) addFirst(ctx context.Context) (*keySet, error) {
	err := m.keys.ChangeKeys(ctx, func(rows []Key) (change Change, err error) {
		if now := m.config.Now(); len(signingKeys(rows, m.config.Algorithm)) == 0 {
			err = m.config.add(&change, now, now)
		}
		return change, err
	})
	if err != nil {
		return nil, fmt.Errorf("token: add key: %w", err)
	}
	return m.readTable(ctx)
}

// reread reads the table and remembers it. If it cannot open the key whose turn it is, it
// goes on signing with the keys that it has.
func (m *Minter) reread(ctx context.Context) (*keySet, error) {
	set, err := m.readTable(ctx)
	if err != nil {
		return nil, err
	}
	if len(set.signers) == 0 {
		set.signers = m.table.last.Load().signers
	}
	m.table.last.Store(set)
	return set, nil
}

func (m *Minter) readTable(ctx context.Context) (*keySet, error) {
	now := m.config.Now()
	rows, err := m.keys.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("token: read keys: %w", err)
	}
	set := &keySet{read: now, rows: rows, public: map[string]jose.Key{}}
	if err := set.publish(); err != nil {
		return nil, err
	}
	m.open(set)
	return set, nil
}

// publish makes the published part of the set.
func (s *keySet) publish() error {
	text := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, k := range s.rows {
		if k.Algorithm != jose.EdDSA && k.Algorithm != jose.ES256 || k.ExpiresAt != nil && !k.ExpiresAt.After(s.read) {
			continue
		}
		key, err := publicPart(k)
		if err != nil {
			return err
		}
		jwk, err := key.JWK()
		if err != nil {
			return fmt.Errorf("token: key %s: public part: %w", k.ID, err)
		}
		text.Keys = append(text.Keys, jwk)
		s.public[k.ID] = key
	}
	var err error
	s.json, err = json.Marshal(text)
	return err
}

// open opens the key whose turn it is, and the ones that follow.
func (m *Minter) open(set *keySet) {
	keys := signingKeys(set.rows, m.config.Algorithm)
	if len(keys) == 0 {
		return
	}
	for i, k := range keys[turn(keys, starts, set.read):] {
		opened, err := m.unlock(k)
		if err != nil {
			set.locked = cmp.Or(set.locked, err)
			if i == 0 {
				return
			}
			continue
		}
		set.signers = append(set.signers, signer{k, opened})
	}
}

// unlock is unlock for a key that may be open already.
func (m *Minter) unlock(k Key) (jose.Signer, error) {
	if last := m.table.last.Load(); last != nil {
		for _, s := range last.signers {
			if s.row.ID == k.ID && s.row.PrivateKey == k.PrivateKey && s.row.PublicKey == k.PublicKey {
				return s.Signer, nil
			}
		}
	}
	return unlock(k, m.config)
}
