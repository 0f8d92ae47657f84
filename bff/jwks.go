package bff

import (
	"fmt"
	"net/http"

	"vestibule/bff/token"
	"vestibule/internal/endpoint"
)

// jwksCaching is what the schedule of signing keys relies on.
var jwksCaching = fmt.Sprintf("public, max-age=%.0f", token.MaxAge.Seconds())

// jwksJSON describes the answer, for the OpenAPI document. bff/token makes the answer.
type jwksJSON struct {
	Keys []keyJSON `json:"keys"`
}

type keyJSON struct {
	Kty string `json:"kty" schema:"enum=OKP|EC"`
	Crv string `json:"crv" schema:"enum=Ed25519|P-256"`
	X   string `json:"x"`
	Y   string `json:"y,omitempty"`
	Kid string `json:"kid"`
	Alg string `json:"alg" schema:"enum=EdDSA|ES256"`
	Use string `json:"use,omitempty" schema:"const=sig"`
}

var jwksDoc = endpoint.Doc{
	Tag: "service", Summary: "Get the public keys",
	Row: "200 the public keys, `{\"keys\":[]}` in HS256 mode; cacheable for five minutes",
	Answers: []*endpoint.Answer{unavailable, {
		Status: 200, Text: "The keys that verify our tokens; none with JWT_ALGORITHM HS256",
		Headers: []*endpoint.Header{{Component: "CacheControlKeys", Name: "Cache-Control", Text: "May be cached for five minutes", Always: true,
			Schema: endpoint.Schema{"type": "string", "const": jwksCaching}, Example: jwksCaching}},
		Examples: []endpoint.Example{
			{Name: "EdDSA", Value: jwksJSON{[]keyJSON{{Kty: "OKP", Crv: "Ed25519", X: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", Kid: "key_5n4tz6wym3vq7a2b", Alg: "EdDSA", Use: "sig"}}}},
			{Name: "HS256", Value: jwksJSON{[]keyJSON{}}},
		},
	}},
}

// jwks publishes the keys that verify our tokens (RFC 7517 §5). In HS256 mode it publishes
// none: the key is the secret.
func (s *Server) jwks(w http.ResponseWriter, r *http.Request) error {
	keys, err := s.tokens.JWKS(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", jwksCaching)
	_, _ = w.Write(keys)
	return nil
}
