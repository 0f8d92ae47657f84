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
func (m *Minter) Maintain(ctx context.Context) error {
	if m.config.Algorithm == jose.HS256 {
		return nil
	}
	set, err := m.reread(ctx)
	if err != nil {
		return err
	}
	plan := func(rows []Key) (Change, error) { return m.config.plan(rows, m.config.Now()) }
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
