package token

import (
	"errors"
	"strings"
	"testing"

	"vestibule/internal/jose"
	"vestibule/store"
)

func TestKeysAreEncryptedAgainUnderTheSecret(t *testing.T) {
	for _, mode := range algorithms {
		t.Run(mode, func(t *testing.T) {
			onTables(t, func(t *testing.T, db *store.Store) {
				clk := newClock()
				old := rotating(jose.EdDSA, clk)
				before := mustOpen(t, old, db)
				clk.Advance(rotation)
				mustMaintain(t, before) // and now there is a next key
				token := mustMint(t, before)

				c := rotating(mode, clk)
				c.Secret, c.PreviousSecrets = otherSecret, [][]byte{secret}
				after := mustOpen(t, c, db)
				private := func() (boxes string) {
					for _, k := range rowsOf(t, db) {
						if k.Algorithm == jose.EdDSA {
							boxes += k.PrivateKey + " "
						}
					}
					return boxes
				}
				was := private()
				if err := after.Maintain(t.Context(), false); err != nil || private() != was {
					t.Errorf("while other instances sign with the old secret: got %v and other private parts: %v", err, private() != was)
				}
				mustMaintain(t, after)
				is := private()
				if strings.HasPrefix(is, nextMark) || strings.Count(is, nextMark) != 1 {
					t.Errorf("got %q, want the mark of the next key alone", is)
				}
				mustMaintain(t, after)
				if is == was || is != private() {
					t.Error("want other private parts once")
				}

				old.Secret = otherSecret
				last := mustOpen(t, old, db)
				mustMaintain(t, last)
				if _, err := last.VerifySubject(t.Context(), token.Raw); err != nil {
					t.Errorf("without the old secret: got %v", err)
				}
				old.Secret = secret
				if _, err := Open(t.Context(), old, db); !errors.Is(err, ErrSecretDiffers) {
					t.Errorf("with the old secret: got %v, want %v", err, ErrSecretDiffers)
				}
			})
		})
	}
}

func TestAKeyThatNoSecretOpensStaysAsItIs(t *testing.T) {
	t.Parallel()
	clk := newClock()
	third := config(jose.ES256, clk)
	third.Secret = []byte(strings.Repeat("3", 32))
	keys := &memory{rows: []Key{mustKey(t, third)}}
	was := keys.rows[0].PrivateKey
	c := config(jose.EdDSA, clk)
	c.PreviousSecrets = [][]byte{otherSecret}
	mustMaintain(t, mustOpen(t, c, keys))
	if keys.rows[0].PrivateKey != was {
		t.Error("the private part was changed")
	}
}
