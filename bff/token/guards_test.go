package token

import "testing"

// TestAKeyIsTriedWithItsOwnAlgorithmAlone (RFC 8725 §3.1): not even the signature of
// a token is looked at otherwise.
func TestAKeyIsTriedWithItsOwnAlgorithmAlone(t *testing.T) {
	clk := newClock()
	rows := []Key{mustKey(t, config(ES256, clk)), mustKey(t, config(EdDSA, clk))}
	for _, algorithm := range []string{ES256, EdDSA} {
		m := mustOpen(t, config(algorithm, clk), &table{rows: rows})
		for _, k := range rows {
			found, err := m.verifiers(t.Context(), k.ID)
			if err != nil {
				t.Fatal(err)
			}
			if want := k.Algorithm == algorithm; (len(found) == 1) != want {
				t.Errorf("%s: got %d keys of the id of one for %s", algorithm, len(found), k.Algorithm)
			}
		}
	}
}
