package doctor

import (
	"context"

	"vestibule/bff/route"
	"vestibule/internal/jose"
)

// audiences checks that an API of a route can neither make tokens for the others nor use theirs,
// as a start does.
func (in *Installation) audiences(context.Context) (found []Result) {
	c := in.Settings.BFF
	for _, shared := range c.Routes.SharedAudiences(c.Backend) {
		found = append(found, warning("ROUTES", "has a shared audience: "+shared.Problem(), route.SharedCure)...)
	}
	many := Counted(len(c.Routes.Audiences()), "audience")
	if len(c.Routes.Audiences()) > 1 && c.JWTAlgorithm == jose.HS256 {
		found = append(found, warning("JWT_ALGORITHM", "is HS256, and the routes have "+many+": each API that verifies tokens has the secret, and can make tokens for all other APIs",
			"set it to EdDSA or ES256 if the APIs do not trust each other")...)
	}
	if found == nil {
		found = ok("no API can make tokens for another one of the %s (%s)", many, c.JWTAlgorithm)
	}
	return found
}
