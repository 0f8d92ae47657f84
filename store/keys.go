package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vestibule/store/db"
)

// Key is a signing key. The package that signs defines how its two halves are written.
type Key struct {
	ID         string // key_…; the kid of its tokens
	Algorithm  string // JOSE name, like EdDSA; "" in rows of an older Better Auth
	Curve      string // like Ed25519; "" likewise
	PublicKey  string
	PrivateKey string // encrypted by the caller
	CreatedAt  time.Time
	ExpiresAt  *time.Time // nil: never
}

// Keys returns all keys, the oldest first.
func (s *Store) Keys(ctx context.Context) (keys []Key, err error) {
	err = s.Call(ctx, "keys", func(ctx context.Context) error {
		var k Key
		dest := []any{&k.ID, &k.Algorithm, &k.Curve, &k.PublicKey, &k.PrivateKey, db.Instant(&k.CreatedAt), db.NullInstant(&k.ExpiresAt)}
		return s.Read().Each(ctx, dest, func() { keys = append(keys, k) },
			`SELECT id, COALESCE(alg, ''), COALESCE(crv, ''), "publicKey", "privateKey", "createdAt", "expiresAt" FROM jwks`)
	})
	if err != nil {
		return nil, err
	}
	// Sorted here, because the database's order of text depends on its locale.
	slices.SortFunc(keys, func(a, b Key) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return keys, nil
}

// AddKey adds a key. It returns ErrConflict when the id is taken.
func (tx *Tx) AddKey(k Key) error {
	_, err := tx.exec(`INSERT INTO jwks (id, alg, crv, "publicKey", "privateKey", "createdAt", "expiresAt")
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		k.ID, k.Algorithm, k.Curve, k.PublicKey, k.PrivateKey, k.CreatedAt, k.ExpiresAt)
	return err
}
