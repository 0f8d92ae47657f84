package oauth

import (
	"net/http"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

// tokenRequestBody is the form of a token request.
type tokenRequestBody struct {
	GrantType          string `json:"grant_type" schema:"enum=client_credentials|urn:ietf:params:oauth:grant-type:token-exchange"`
	Scope              string `json:"scope,omitempty" doc:"Words with one space between them out of tasks:read and tasks:write; without it all that the client may have"`
	Audience           string `json:"audience,omitempty" doc:"One that the client may have; without it JWT_AUDIENCE"`
	Resource           string `json:"resource,omitempty" schema:"format=uri" doc:"An audience that is a URI (RFC 8693)"`
	ClientID           string `json:"client_id,omitempty"`
	ClientSecret       string `json:"client_secret,omitempty"`
	SubjectToken       string `json:"subject_token,omitempty" doc:"Exchange: a user's access token, as the BFF attaches it"`
	SubjectTokenType   string `json:"subject_token_type,omitempty" schema:"enum=urn:ietf:params:oauth:token-type:access_token|urn:ietf:params:oauth:token-type:jwt"`
	RequestedTokenType string `json:"requested_token_type,omitempty" schema:"enum=urn:ietf:params:oauth:token-type:access_token|urn:ietf:params:oauth:token-type:jwt"`
}

// Guard describes that only clients may use the endpoint.
func Guard(invalidOrigin *endpoint.Answer) *endpoint.Guard {
	return &endpoint.Guard{
		Security: []map[string][]string{{"clientBasic": {}}, {}},
		Answers:  []*endpoint.Answer{invalidOrigin},
	}
}

// Doc describes the endpoint. tooMany is the error for too many concurrent requests.
func Doc(maxBody int64, tooMany *web.Error) *endpoint.Doc {
	pragma := &endpoint.Header{Component: "Pragma", Name: "Pragma", Text: "For caches of HTTP/1.0 (RFC 6749 §5.1)",
		Schema: endpoint.Schema{"type": "string", "const": "no-cache"}, Example: "no-cache"}
	challenge := &endpoint.Header{Component: "BasicChallenge", Name: "WWW-Authenticate", Text: "The scheme", Always: true,
		Schema: endpoint.Schema{"type": "string", "pattern": "^Basic "}, Example: errClient.Header.Get("WWW-Authenticate")}
	shape := &endpoint.Shape{Type: "application/json", Body: func(e *web.Error) any { return toJSON(e) }, Code: "error"}
	refused := func(status int, text string, errors []*web.Error, headers ...*endpoint.Header) *endpoint.Answer {
		return &endpoint.Answer{Status: status, Text: text, Headers: append(headers, pragma), Errors: errors, Shape: shape}
	}
	issued := tokenResponseJSON{AccessToken: "eyJ...", TokenType: "Bearer", ExpiresIn: 300, Scope: "tasks:read"}
	traded := issued
	traded.IssuedType = accessTokenType
	return &endpoint.Doc{
		Limit: "client", Events: []string{store.EventTokenIssued, store.EventTokenExchanged, store.EventTokenExchangeFailed, store.EventClientFailed},
		Tag: "service", Summary: "Get a token for a service", Row: "200 a token for an internal service: [below](#tokens-for-services)",
		Text: "Client credentials (RFC 6749 §4.4) and token exchange (RFC 8693), for clients that `vestibule client create` has made. " +
			"The client authenticates with HTTP Basic, or with `client_id` and `client_secret` in the body. It looks at no cookie.",
		Body: &endpoint.Body{Text: "The grant", Type: "application/x-www-form-urlencoded", Examples: []endpoint.Example{
			{Name: "client credentials", Value: tokenRequestBody{GrantType: grantClientCredentials, Scope: "tasks:read", ClientID: "svc_x2k5n4tz6wym3vq7a2bcdefghi", ClientSecret: "..."}},
			{Name: "token exchange", Value: tokenRequestBody{GrantType: grantTokenExchange, SubjectToken: "eyJ...", SubjectTokenType: accessTokenType, Scope: "tasks:read"}},
		}},
		Answers: []*endpoint.Answer{
			{Status: http.StatusOK, Text: "The token", Headers: []*endpoint.Header{pragma}, Examples: []endpoint.Example{{Name: "client credentials", Value: issued}, {Name: "token exchange", Value: traded}}},
			refused(400, "As `error` says (RFC 6749 §5.2, RFC 8693 §2.2.2)", []*web.Error{errNoGrantType, errGrantType, unknownScope("tasks:all"), wrongAudience("billing"), lacksGrant(store.GrantExchange)}),
			refused(401, "The client did not authenticate, is unknown, or has another secret", []*web.Error{errClient}, challenge),
			refused(408, "The body came too slowly", []*web.Error{web.ErrSlowBody}),
			refused(413, "The body is over 32 KiB", []*web.Error{web.BodyTooLarge(maxBody)}),
			refused(429, "Too many wrong secrets, or too many requests of this client at once", []*web.Error{tooMany}, endpoint.RetryAfter, endpoint.RetryAfter.As("X-Retry-After")),
			refused(500, "A fault of ours", []*web.Error{web.ErrInternal}),
			refused(503, "The database cannot be asked", []*web.Error{web.Unavailable(nil)}, endpoint.RetryAfter),
		},
	}
}
