package api

import (
	"vestibule/internal/tokentest"
)

// Short names for what internal/tokentest has.

const (
	testIssuer   = tokentest.Issuer
	testAudience = tokentest.Audience
	ada          = tokentest.Ada
	bob          = tokentest.Bob
	plainHeader  = tokentest.PlainHeader
)

type issuer = tokentest.Publisher

var (
	testSecret  = []byte(tokentest.Secret)
	noon        = tokentest.Noon // when most tests take place
	goodClaims  = tokentest.GoodClaims
	mint        = tokentest.Mint
	mintWith    = tokentest.MintWith
	payload     = tokentest.Payload
	payloadWith = tokentest.PayloadWith
	segment     = tokentest.Segment
	forge       = tokentest.Forge
	newEdKey    = tokentest.NewEdKey
	newECKey    = tokentest.NewECKey
	newRSAKey   = tokentest.NewRSAKey
	jwkOf       = tokentest.JWK
	rsaJWK      = tokentest.RSAJWK
)
