package jose

// The algorithms, as alg and JWT_ALGORITHM spell them.
const (
	HS256 = "HS256" // a shared secret
	EdDSA = "EdDSA" // Ed25519 keys
	ES256 = "ES256" // P-256 keys
	RS256 = "RS256" // RSA keys; only to verify tokens of other issuers
)
