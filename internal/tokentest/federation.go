package tokentest

import (
	"crypto"
	"maps"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// The names of further issuers.
const (
	LoginIssuer   = "https://login.example.com"
	BatchIssuer   = "https://batch.example.com/realms/one"
	PartnerIssuer = "https://partner.example.com"
)

// Federation is three further issuers: login with EdDSA, batch with ES256 and
// partner with RS256. The kid of each of their keys is "one".
type Federation struct {
	Login, Batch, Partner          *Publisher
	LoginKey, BatchKey, PartnerKey crypto.Signer
}

// NewFederation makes the keys and publishes them.
func NewFederation(tb testing.TB) Federation {
	tb.Helper()
	f := Federation{
		Login: &Publisher{}, Batch: &Publisher{}, Partner: &Publisher{},
		LoginKey: NewEdKey(tb), BatchKey: NewECKey(tb), PartnerKey: NewRSAKey(tb, 2048),
	}
	f.Login.Publishes(JWK(tb, "one", f.LoginKey))
	f.Batch.Publishes(JWK(tb, "one", f.BatchKey))
	f.Partner.Publishes(JWK(tb, "one", f.PartnerKey))
	return f
}

// ForeignClaims are the claims of a valid token of an issuer for the service 42. A nil
// value in change removes the claim.
func ForeignClaims(issuer, audience, scope string, changes jwt.MapClaims) jwt.MapClaims {
	c := GoodClaims("42")
	c["iss"], c["aud"], c["scope"] = issuer, audience, scope
	maps.Copy(c, changes)
	for name, value := range c {
		if value == nil {
			delete(c, name)
		}
	}
	return c
}
