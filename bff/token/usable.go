package token

import (
	"cmp"
	"errors"
	"fmt"

	"vestibule/internal/jose"
)

// errNotOpen is for the seconds until the next reading of the table.
var errNotOpen = errors.New("it has not been decrypted yet")

// Usable returns why this instance cannot sign with the key whose turn it is, or why what it
// signs cannot be verified. It uses what the last reading of the table has found.
func (m *Minter) Usable() error {
	if m.config.Algorithm == jose.HS256 {
		return nil
	}
	set, now := m.table.last.Load(), m.config.Now()
	keys := signingKeys(set.rows, m.config.Algorithm)
	if len(keys) == 0 {
		return nil // Maintain makes one
	}
	wanted := keys[turn(keys, starts, now)].ID
	// An equal public part: the same key, and what it signs can be verified.
	if !set.public[wanted].Equal(set.signer(now).Public()) {
		return fmt.Errorf("key %s signs now, and this process cannot use it: %w", wanted, cmp.Or(set.locked, errNotOpen))
	}
	return nil
}

// AllUsable is Usable for the keys that come later too.
func (m *Minter) AllUsable() error {
	if err := m.Usable(); err != nil || m.config.Algorithm == jose.HS256 {
		return err
	}
	return m.table.last.Load().locked
}
