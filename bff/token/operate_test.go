package token

import (
	"testing"

	"vestibule/internal/jose"
	"vestibule/store"
)

func TestTheSuccessorOfAWithdrawnKeySignsAtOnce(t *testing.T) {
	onTables(t, func(t *testing.T, db *store.Store) {
		clk := newClock()
		a, b := mustOpen(t, rotating(jose.EdDSA, clk), db), mustOpen(t, rotating(jose.EdDSA, clk), db)
		for _, withNext := range []bool{false, true} {
			if withNext {
				clk.Advance(rotation)
				mustMaintain(t, a, b)
			}
			leaked := kidOf(t, a)
			token := mustMint(t, b)
			err := db.ChangeKeys(t.Context(), func(rows []Key) (Change, error) { return Retire(rows, leaked, true, clk.Now()) })
			if err != nil {
				t.Fatal(err)
			}
			if !b.Fresh(token) {
				t.Error("got a stale token before the instance has read the table")
			}
			mustMaintain(t, a, b)
			if got := kidOf(t, a); got == leaked || got != kidOf(t, b) {
				t.Errorf("got %s and %s, want one new key", got, kidOf(t, b))
			}
			if b.Fresh(token) {
				t.Error("got a fresh token of a key that is not published any more")
			}
			if got := parseJWKS(t, mustJWKS(t, b)); got[leaked] != nil || len(got) != 1 {
				t.Errorf("got %v published, want the new key", got)
			}
		}
	})
}
