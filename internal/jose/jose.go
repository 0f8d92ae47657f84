// Package jose reads and signs tokens: compact JWS with JSON claims (RFC 7515,
// RFC 7519), and the keys for them (RFC 7517). It is the only home of the
// library jwx.
//
// Every token can be read in only one way: base64url in one spelling, JSON in valid UTF-8
// without duplicate names, and keys that verify signatures of their own algorithm only.
//
// It refuses the JSON serialisation, encrypted tokens, crit, b64 and all but four
// algorithms. A token never chooses or brings the key that verifies it. The caller decides
// whom to trust: api/bearer for access tokens, bff/token for tokens that are exchanged.
package jose

import "time"

const (
	// MinSecret is the shortest shared secret, in bytes (RFC 7518 §3.2).
	MinSecret = 32
	// MaxID is the longest id of a user, a client, a session or a token, in bytes.
	MaxID = 255
	// MaxDate is the end of the year 9999 in Unix seconds. A later claim is a mistake,
	// often in milliseconds.
	MaxDate = 253402300799
	// MaxActors is the longest chain of actors that is read (RFC 8693 §4.1).
	MaxActors = 8
	// Skew is how far the clocks of two machines may differ.
	Skew = 30 * time.Second
)

// The types of a token, as typ says them (RFC 7519 §5.1, RFC 9068 §2.1).
const (
	TypeJWT         = "JWT"
	TypeAccessToken = "at+jwt"
)

// ServicePrefix begins the id of every service client, and no other id.
const ServicePrefix = "svc_"
