package token

import (
	"context"
	"fmt"

	"vestibule/internal/jose"
)

// MaintainEvery is how often Maintain should be called. A successor of a withdrawn key is
// then found as soon as a set of keys in memory is out of date.
const MaintainEvery = publishedFor

// Maintain reads the key table and does what the schedule of keys asks for. After an error
// this instance signs with the keys that it knows, and the next call tries again.
//
// With reseal it encrypts the private keys under the secret, so that previous secrets are
// not needed any more. That is right only if all instances have the same secret.
func (m *Minter) Maintain(ctx context.Context, reseal bool) error {
	reseal = reseal && len(m.config.PreviousSecrets) > 0
	if m.config.Algorithm == jose.HS256 {
		if !reseal {
			return nil
		}
		return m.resealAll(ctx)
	}
	set, err := m.reread(ctx)
	if err != nil {
		return err
	}
	plan := func(rows []Key) (Change, error) { return m.config.plan(rows, m.config.Now(), reseal) }
	change, err := plan(set.rows)
	if err != nil {
		return err
	}
	if !change.Empty() {
		if err := m.keys.ChangeKeys(ctx, plan); err != nil {
			return fmt.Errorf("token: change keys: %w", err)
		}
		if set, err = m.reread(ctx); err != nil {
			return err
		}
	}
	return set.locked
}

// resealAll is Maintain in HS256 mode: the keys of EdDSA and ES256 may be needed again.
func (m *Minter) resealAll(ctx context.Context) error {
	plan := func(rows []Key) (change Change, err error) {
		err = m.config.reseal(&change, rows)
		return change, err
	}
	rows, err := m.keys.Keys(ctx)
	if err != nil {
		return fmt.Errorf("token: read keys: %w", err)
	}
	if change, err := plan(rows); err != nil || change.Empty() {
		return err
	}
	if err := m.keys.ChangeKeys(ctx, plan); err != nil {
		return fmt.Errorf("token: change keys: %w", err)
	}
	return nil
}
