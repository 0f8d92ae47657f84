package bearer

import (
	"vestibule/internal/tokentest"
)

// Short names for parts of internal/tokentest.

const (
	testIssuer   = tokentest.Issuer
	testAudience = tokentest.Audience
	ada          = tokentest.Ada
	bob          = tokentest.Bob
	plainHeader  = tokentest.PlainHeader

	loginIssuer   = tokentest.LoginIssuer
	batchIssuer   = tokentest.BatchIssuer
	partnerIssuer = tokentest.PartnerIssuer
)

type issuer = tokentest.Publisher

var (
	testSecret  = []byte(tokentest.Secret)
	noon        = tokentest.Noon // the time of most tests
	goodClaims  = tokentest.GoodClaims
	mint        = tokentest.Mint
	mintWith    = tokentest.MintWith
	payload     = tokentest.Payload
	payloadWith = tokentest.PayloadWith
	segment     = tokentest.Segment
	forge       = tokentest.Forge
	newEdKey    = tokentest.NewEdKey
	newECKey    = tokentest.NewECKey
	jwkOf       = tokentest.JWK

	foreignClaims = tokentest.ForeignClaims
)
