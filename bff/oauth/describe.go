package oauth

import (
	"net/http"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

// tokenRequestBody is the form of a token request.
type tokenRequestBody struct {
	GrantType          string `json:"grant_type" schema:"enum=client_credentials|urn:ietf:params:oauth:grant-type:token-exchange,x-enum-varnames=CLIENT_CREDENTIALS|TOKEN_EXCHANGE"`
	Scope              string `json:"scope,omitempty" doc:"Words with one space between them, out of the client's scopes; without it all of them"`
	Audience           string `json:"audience,omitempty" doc:"One that the client may have; without it JWT_AUDIENCE or the only one"`
	Resource           string `json:"resource,omitempty" schema:"format=uri" doc:"An audience that is a URI (RFC 8707)"`
	ClientID           string `json:"client_id,omitempty"`
	ClientSecret       string `json:"client_secret,omitempty"`
	SubjectToken       string `json:"subject_token,omitempty" doc:"Exchange: a user's access token, as the BFF attaches it"`
	SubjectTokenType   string `json:"subject_token_type,omitempty" schema:"enum=urn:ietf:params:oauth:token-type:access_token|urn:ietf:params:oauth:token-type:jwt,x-enum-varnames=ACCESS_TOKEN|JWT"`
	RequestedTokenType string `json:"requested_token_type,omitempty" schema:"enum=urn:ietf:params:oauth:token-type:access_token|urn:ietf:params:oauth:token-type:jwt,x-enum-varnames=ACCESS_TOKEN|JWT"`
}

// presentedTokenBody is the form of a request about a token.
type presentedTokenBody struct {
	Token         string `json:"token" doc:"A token of ours"`
	TokenTypeHint string `json:"token_type_hint,omitempty" doc:"Ignored: there are only access tokens"`
	ClientID      string `json:"client_id,omitempty"`
	ClientSecret  string `json:"client_secret,omitempty"`
}

// Guard describes that only clients may use an endpoint.
func Guard(invalidOrigin *endpoint.Answer) *endpoint.Guard {
	return &endpoint.Guard{
		Security: []map[string][]string{{"clientBasic": {}}, {}},
		Answers:  []*endpoint.Answer{invalidOrigin},
	}
}

// Docs describes the endpoints.
type Docs struct{ Token, Introspect, Revoke *endpoint.Doc }

// Describe returns the descriptions. tooMany is the error for too many concurrent requests.
func Describe(maxBody int64, tooMany *web.Error) Docs {
	d := describer{maxBody: maxBody, tooMany: tooMany, pragma: &endpoint.Header{Component: "Pragma", Name: "Pragma", Text: "For caches of HTTP/1.0 (RFC 6749 §5.1)",
		Schema: endpoint.Schema{"type": "string", "const": "no-cache"}, Example: "no-cache"}}
	d.challenge = &endpoint.Header{Component: "BasicChallenge", Name: "WWW-Authenticate", Text: "The scheme", Always: true,
		Schema: endpoint.Schema{"type": "string", "pattern": "^Basic "}, Example: errClient.Header.Get("WWW-Authenticate")}
	return Docs{d.token(), d.introspect(), d.revoke()}
}

// describer makes what the endpoints have in common.
type describer struct {
	maxBody           int64
	tooMany           *web.Error
	pragma, challenge *endpoint.Header
}

const authenticates = "The client authenticates with HTTP Basic, or with `client_id` and `client_secret` in the body. The endpoint looks at no cookie."

func (d describer) token() *endpoint.Doc {
	issued := tokenResponseJSON{AccessToken: "eyJ...", TokenType: "Bearer", ExpiresIn: 300, Scope: "tasks:read"}
	traded := issued
	traded.IssuedType = accessTokenType
	return &endpoint.Doc{
		Limit: "client", Events: []string{store.EventTokenIssued, store.EventTokenExchanged, store.EventTokenExchangeFailed, store.EventClientFailed},
		Tag: "service", Summary: "Get a token for a service", Row: "200 a token for an internal service: [below](#tokens-for-services)",
		Text: "Client credentials (RFC 6749 §4.4) and token exchange (RFC 8693), for clients that `vestibule client create` has made. " + authenticates,
		Body: formBody("The grant",
			endpoint.Example{Name: "client credentials", Value: tokenRequestBody{GrantType: grantClientCredentials, Scope: "tasks:read", ClientID: "svc_x2k5n4tz6wym3vq7a2bcdefghi", ClientSecret: "..."}},
			endpoint.Example{Name: "token exchange", Value: tokenRequestBody{GrantType: grantTokenExchange, SubjectToken: "eyJ...", SubjectTokenType: accessTokenType, Scope: "tasks:read"}}),
		Answers: append(d.refusals(nil, errNoGrantType, errGrantType, wrongScope("tasks:all"), wrongAudience("billing"), lacksGrant(store.GrantExchange)),
			&endpoint.Answer{Status: http.StatusOK, Text: "The token", Headers: []*endpoint.Header{d.pragma}, Examples: []endpoint.Example{{Name: "client credentials", Value: issued}, {Name: "token exchange", Value: traded}}}),
	}
}

func (d describer) introspect() *endpoint.Doc {
	good := introspectionJSON{Active: true, Scope: new("tasks:read"), ClientID: "svc_x2k5n4tz6wym3vq7a2bcdefghi", TokenType: "Bearer", Expires: 1770091800, IssuedAt: 1770091500,
		Subject: "svc_x2k5n4tz6wym3vq7a2bcdefghi", Audience: "fastapi-backend", Issuer: "better-auth", ID: "HVMW5VQ3N4TZ6WYM2A7BCDEFGH"}
	return &endpoint.Doc{
		Limit: "client", Events: []string{store.EventClientFailed},
		Tag: "service", Summary: "Ask whether a token is good", Row: "200 whether a token is good, for services: [below](#whether-a-token-is-good)",
		Text: "Introspection (RFC 7662). A client learns about tokens that were given to it or that are for an audience which it may have. Any other token is not active for it. " + authenticates,
		Body: formBody("The token", endpoint.Example{Name: "a token", Value: presentedTokenBody{Token: "eyJ..."}}),
		Answers: append(d.refusals(nil, errNoToken),
			&endpoint.Answer{Status: http.StatusOK, Text: "What the token says, if it is good", Headers: []*endpoint.Header{d.pragma},
				Examples: []endpoint.Example{{Name: "a good token", Value: good}, {Name: "any other", Value: introspectionJSON{}}}}),
	}
}

func (d describer) revoke() *endpoint.Doc {
	return &endpoint.Doc{
		Limit: "client", Events: []string{store.EventTokenRevoked, store.EventClientFailed},
		Tag: "service", Summary: "Revoke a token", Row: "200, empty, also for a token that is not valid: [below](#whether-a-token-is-good)",
		Text: "Revocation (RFC 7009) of a token that was given to this client. It is not active from now on and cannot be exchanged. " +
			"An API that verifies tokens by themselves accepts it until it expires. " + authenticates,
		Body: formBody("The token", endpoint.Example{Name: "a token", Value: presentedTokenBody{Token: "eyJ..."}}),
		Answers: append(d.refusals([]*web.Error{errTooManyRevoked}, errNoToken, errNotGiven),
			&endpoint.Answer{Status: http.StatusOK, Text: "The token is not valid, or not any more", Headers: []*endpoint.Header{d.pragma}}),
	}
}

func formBody(text string, examples ...endpoint.Example) *endpoint.Body {
	return &endpoint.Body{Text: text, Type: "application/x-www-form-urlencoded", Examples: examples}
}

// refusals describes what every endpoint refuses, and the faults of this one.
func (d describer) refusals(tooMany []*web.Error, faults ...*web.Error) []*endpoint.Answer {
	shape := &endpoint.Shape{Type: "application/json", Body: func(e *web.Error) any { return toJSON(e) }, Code: "error"}
	refused := func(component string, status int, text string, errors []*web.Error, headers ...*endpoint.Header) *endpoint.Answer {
		return &endpoint.Answer{Component: component, Status: status, Text: text, Headers: append(headers, d.pragma), Errors: errors, Shape: shape}
	}
	manyName := "ClientTooMany"
	if len(tooMany) > 0 {
		manyName = "" // not what the other endpoints answer
	}
	return []*endpoint.Answer{
		refused("", 400, "As `error` says (RFC 6749 §5.2, RFC 8693 §2.2.2)", faults),
		refused("ClientUnauthorized", 401, "The client did not authenticate, is unknown, or has another secret", []*web.Error{errClient}, d.challenge),
		refused("ClientTimeout", 408, "The body came too slowly", []*web.Error{web.ErrSlowBody}),
		refused("ClientTooLarge", 413, "The body is over 32 KiB", []*web.Error{web.BodyTooLarge(d.maxBody)}),
		refused(manyName, 429, "Too many wrong secrets, or too many requests of this client at once", append([]*web.Error{d.tooMany}, tooMany...), endpoint.RetryAfter, endpoint.RetryAfter.As("X-Retry-After")),
		refused("ClientServerError", 500, "A fault of ours", []*web.Error{web.ErrInternal}),
		refused("ClientUnavailable", 503, "The database cannot be asked", []*web.Error{web.Unavailable(nil)}, endpoint.RetryAfter),
	}
}
