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
	SignsAt    *time.Time // when it begins to sign; nil: at CreatedAt
	ExpiresAt  *time.Time // nil: never
}

const keyColumns = `id, COALESCE(alg, ''), COALESCE(crv, ''), "publicKey", "privateKey", "createdAt", "signsAt", "expiresAt"`

func (k *Key) fields() []any {
	return []any{&k.ID, &k.Algorithm, &k.Curve, &k.PublicKey, &k.PrivateKey, db.Instant(&k.CreatedAt), db.NullInstant(&k.SignsAt), db.NullInstant(&k.ExpiresAt)}
}

// sortKeys sorts here, because the database's order of text depends on its locale.
func sortKeys(keys []Key) {
	slices.SortFunc(keys, func(a, b Key) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
}

// Keys returns all keys, the oldest first.
func (s *Store) Keys(ctx context.Context) (keys []Key, err error) {
	err = s.Call(ctx, "keys", func(ctx context.Context) error {
		keys = nil
		var k Key
		return s.Read().Each(ctx, k.fields(), func() { keys = append(keys, k) }, `SELECT `+keyColumns+` FROM jwks`)
	})
	if err != nil {
		return nil, err
	}
	sortKeys(keys)
	return keys, nil
}

// KeyChange is a change of the key table, with its events.
type KeyChange struct {
	Add    []Key
	Update []Key // rows with another PrivateKey or ExpiresAt
	Delete []string
	Events []Event
}

// Empty reports whether nothing changes.
func (c KeyChange) Empty() bool { return len(c.Add)+len(c.Update)+len(c.Delete) == 0 }

// ChangeKeys calls plan with all keys, the oldest first, and writes the change that it
// returns. Nobody else changes the table in between, so of several instances only one makes
// a key. plan may be called more than once.
func (s *Store) ChangeKeys(ctx context.Context, plan func([]Key) (KeyChange, error)) error {
	return s.Tx(ctx, "change keys", func(tx *Tx) error {
		keys, err := tx.lockKeys()
		if err != nil {
			return err
		}
		change, err := plan(keys)
		if err != nil {
			return err
		}
		return tx.changeKeys(change)
	})
}

// lockKeys returns all keys. Nobody else can change the table before the commit.
func (tx *Tx) lockKeys() (keys []Key, err error) {
	if tx.dialect.LockKeysSQL != "" {
		if _, err := tx.exec(tx.dialect.LockKeysSQL); err != nil {
			return nil, err
		}
	}
	var k Key
	err = tx.each(k.fields(), func() { keys = append(keys, k) }, `SELECT `+keyColumns+` FROM jwks`)
	sortKeys(keys)
	return keys, err
}

func (tx *Tx) changeKeys(c KeyChange) error {
	for _, k := range c.Add {
		if err := tx.AddKey(k); err != nil {
			return err
		}
	}
	for _, k := range c.Update {
		if err := tx.change(`UPDATE jwks SET "privateKey" = ?, "expiresAt" = ? WHERE id = ?`, k.PrivateKey, k.ExpiresAt, k.ID); err != nil {
			return err
		}
	}
	for _, id := range c.Delete {
		if err := tx.change(`DELETE FROM jwks WHERE id = ?`, id); err != nil {
			return err
		}
	}
	return tx.Record(c.Events...)
}

// AddKey adds a key. It returns ErrConflict when the id is taken.
func (tx *Tx) AddKey(k Key) error {
	_, err := tx.exec(`INSERT INTO jwks (id, alg, crv, "publicKey", "privateKey", "createdAt", "signsAt", "expiresAt")
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		k.ID, k.Algorithm, k.Curve, k.PublicKey, k.PrivateKey, k.CreatedAt, k.SignsAt, k.ExpiresAt)
	return err
}
