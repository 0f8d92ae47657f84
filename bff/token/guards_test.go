package token

import (
	"strconv"
	"testing"
	"time"

	"vestibule/internal/jose"
)

// TestAKeyIsUsedWithItsOwnAlgorithmOnly (RFC 8725 §3.1): not even the signature of
// a token is looked at otherwise.
func TestAKeyIsUsedWithItsOwnAlgorithmOnly(t *testing.T) {
	clk := newClock()
	rows := []Key{mustKey(t, config(jose.ES256, clk)), mustKey(t, config(jose.EdDSA, clk))}
	for _, algorithm := range []string{jose.ES256, jose.EdDSA} {
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

// TestATokenOfAnotherIssuerIsRefused, though it is signed with our secret.
func TestATokenOfAnotherIssuerIsRefused(t *testing.T) {
	clk := newClock()
	m := mustOpen(t, config(jose.HS256, clk), nil)
	claims := func(iss string) string {
		return `{"iss":"` + iss + `","aud":"fastapi-backend","sub":"usr_1","exp":` + strconv.FormatInt(clk.now().Add(time.Minute).Unix(), 10) + `}`
	}
	if _, err := m.VerifySubject(t.Context(), foreign(t, `{"alg":"HS256"}`, claims("better-auth"), secret)); err != nil {
		t.Fatal(err)
	}
	for _, iss := range []string{"", "Better-Auth", "better-auth/", "https://login.example.com"} {
		refusedSubject(t, m, foreign(t, `{"alg":"HS256"}`, claims(iss), secret), "iss")
	}
}
