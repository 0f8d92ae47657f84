package doctor

import (
	"context"

	"vestibule/internal/jose"
)

// audiences checks that an API of a route cannot make tokens for the others, as a start does.
func (in *Installation) audiences(context.Context) []Result {
	many := Counted(len(in.Settings.BFF.Routes.Audiences()), "audience")
	if in.Settings.BFF.JWTAlgorithm == jose.HS256 {
		return warning("JWT_ALGORITHM", "is HS256, and the routes have "+many+": each API that verifies tokens has the secret, and can make tokens for all other APIs",
			"set it to EdDSA or ES256 if the APIs do not trust each other")
	}
	return ok("no API can make tokens for another one of the %s (%s)", many, in.Settings.BFF.JWTAlgorithm)
}
