package oauth

import (
	"net/http"
	"slices"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// The document with which libraries configure themselves (RFC 8414). The rules:
//
//   - issuer is our origin as configured. Libraries compare it with the URL that they were
//     given, and RFC 8414 §3.3 requires that both are the same. It is not JWT_ISSUER, which
//     tokens name and which need not be a URL.
//   - Nothing is taken from the request. A Host that somebody has invented would send the
//     secrets of clients elsewhere, from caches too.
//   - It names only endpoints that are in the table.
//   - There is no openid-configuration: there is no authorization endpoint and no ID token.
//   - response_types_supported is empty. RFC 8414 §2 requires it and §3.2 forbids empty arrays
//     (erratum 7793 would leave it out), but libraries that read the document into types
//     refuse it without this member.

// MetadataPath is where the document is (RFC 8414 §3).
const MetadataPath = "/.well-known/oauth-authorization-server"

const metadataCaching = "public, max-age=300"

// metadataJSON is the document (RFC 8414 §2).
type metadataJSON struct {
	Issuer            string   `json:"issuer" schema:"format=uri" doc:"The origin of BASE_URL. The iss of tokens is JWT_ISSUER"`
	Token             string   `json:"token_endpoint" schema:"format=uri"`
	Keys              string   `json:"jwks_uri,omitempty" schema:"format=uri" doc:"With EdDSA and ES256"`
	Introspection     string   `json:"introspection_endpoint" schema:"format=uri"`
	Revocation        string   `json:"revocation_endpoint" schema:"format=uri"`
	UserInfo          string   `json:"userinfo_endpoint,omitempty" schema:"format=uri"`
	Grants            []string `json:"grant_types_supported"`
	ResponseTypes     []string `json:"response_types_supported" doc:"Empty: there is no authorization endpoint"`
	TokenAuth         []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionAuth []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationAuth    []string `json:"revocation_endpoint_auth_methods_supported"`
}

// Metadata returns the endpoint of the document. table has the endpoints that it can name.
// keys reports whether there are public keys.
func Metadata(origin string, keys bool, table []endpoint.Endpoint) endpoint.Endpoint {
	said := metadata(origin, keys, table)
	return endpoint.Endpoint{Method: http.MethodGet, Path: MetadataPath, ID: "getMetadata", Doc: &metadataDoc,
		Handler: func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Cache-Control", metadataCaching)
			return web.WriteJSON(w, http.StatusOK, said)
		}}
}

func metadata(origin string, keys bool, table []endpoint.Endpoint) metadataJSON {
	auth := []string{"client_secret_basic", "client_secret_post"}
	m := metadataJSON{
		Issuer: origin, Grants: []string{grantClientCredentials, grantTokenExchange}, ResponseTypes: []string{},
		TokenAuth: auth, IntrospectionAuth: auth, RevocationAuth: auth,
	}
	for path, to := range map[string]*string{
		"/api/auth/oauth2/token": &m.Token, "/api/auth/oauth2/introspect": &m.Introspection, "/api/auth/oauth2/revoke": &m.Revocation,
		"/api/auth/oauth2/userinfo": &m.UserInfo, "/api/auth/jwks": &m.Keys,
	} {
		if slices.ContainsFunc(table, func(e endpoint.Endpoint) bool { return e.Path == path }) {
			*to = origin + path
		}
	}
	if !keys {
		m.Keys = ""
	}
	return m
}

var metadataDoc = endpoint.Doc{
	Tag: "service", Summary: "Get the addresses of these endpoints",
	Text: "The metadata of the authorization server (RFC 8414), with which libraries for OAuth configure themselves.",
	Answers: []*endpoint.Answer{{
		Status: http.StatusOK, Text: "The metadata",
		Headers: []*endpoint.Header{{Component: "CacheControlMetadata", Name: "Cache-Control", Text: "May be cached for five minutes", Always: true,
			Schema: endpoint.Schema{"type": "string", "const": metadataCaching}, Example: metadataCaching}},
		Examples: []endpoint.Example{{Name: "EdDSA", Value: metadata("https://app.example.com", true, []endpoint.Endpoint{
			{Path: "/api/auth/oauth2/token"}, {Path: "/api/auth/oauth2/introspect"}, {Path: "/api/auth/oauth2/revoke"},
			{Path: "/api/auth/oauth2/userinfo"}, {Path: "/api/auth/jwks"},
		})}},
	}},
}
