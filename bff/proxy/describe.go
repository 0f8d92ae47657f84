package proxy

import (
	"net/http"

	"vestibule/bff/route"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// Endpoints describes the endpoints below /api/proxy/. cleared is the cookie that a refusal
// clears, and cookie is that of Grant.Cookie. authorize lists the refusals of
// Config.Authorize, and stream is the refusal of Grant.Stream. guard describes the checks
// that a request passes first.
func Endpoints(guard *endpoint.Guard, cleared, cookie *endpoint.Header, authorize []*web.Error, stream *web.Error) []endpoint.Endpoint {
	answer := func(name string, status int, text string, errors ...*web.Error) *endpoint.Answer {
		return &endpoint.Answer{Component: name, Status: status, Text: text, Errors: errors, Types: []string{"*/*"}, Bare: true}
	}
	unauthorized := answer("ProxyUnauthorized", 401, "There is no session cookie, or its session has ended; then the answer clears the cookie", authorize...)
	unauthorized.Headers = []*endpoint.Header{cleared}
	proxied := answer("Proxied", 0, "The API's own answer: status, body and headers as it sent them, without the headers that would affect our origin. An answer that sets our cookie is `no-store`")
	proxied.Types = append(proxied.Types, "application/octet-stream") // what a generated client reads it as
	proxied.Headers = []*endpoint.Header{cookie}
	answers := []*endpoint.Answer{
		proxied,
		answer("ProxyBadRequest", 400, "The path, the query or the body cannot be passed on, and nothing was sent; or the API's own 400",
			web.BadPath("contains an encoded slash"), badQuery("contains a semicolon, which must be escaped"), web.ErrBrokenBody),
		unauthorized,
		answer("ProxyForbidden", 403, "The origin is not allowed to do this, and nothing was sent; or the API's own 403", errOrigin),
		answer("ProxyTooMany", 429, "Too many requests are under way: more than a tenth of PROXY_MAX_REQUESTS for the user, or more than a fifth for the address. "+
			"Or too many event streams, WebSockets and other endless answers are open for the session, its user, its address or all users together. Try again after `Retry-After`. Or the API's own 429", errTooMany, stream),
		answer("ProxyServerError", 500, "An internal error. Find it in the log by `X-Request-Id`; or the API's own 500", web.ErrInternal),
		answer("BadGateway", 502, "The API cannot be reached, its answer is invalid or redirects outside /api/, or it rejects our token", errBadGateway, errTokenRejected),
		answer("ProxyUnavailable", 503, "The session cannot be looked up (it does not change); or PROXY_MAX_REQUESTS requests already wait for the API; or the API's own 503", web.Unavailable(nil), busy(nil)),
		answer("GatewayTimeout", 504, "The API sent no header within PROXY_TIMEOUT", errGatewayTimeout),
	}
	withBody := append([]*endpoint.Answer{
		answer("ProxyTimeout", 408, "The body arrived too slowly; or the API's own 408", web.ErrSlowBody),
		answer("ProxyTooLarge", 413, "The body is larger than PROXY_BODY_LIMIT; or the API's own 413", web.BodyTooLarge(10<<20)),
	}, answers...)
	// A generator of clients leaves out an operation whose body is "*/*".
	anyBody := &endpoint.Body{Text: "Any body that the API accepts, of any type. The types here are those that generated clients can send", Optional: true,
		Examples: []endpoint.Example{{Name: "JSON", Value: map[string]any{"title": "Water the plants"}}}, Also: map[string][]endpoint.Example{"application/octet-stream": nil}}
	var list []endpoint.Endpoint
	for method, id := range map[string]string{
		http.MethodGet: "proxyGet", http.MethodPost: "proxyPost", http.MethodPut: "proxyPut", http.MethodPatch: "proxyPatch", http.MethodDelete: "proxyDelete",
	} {
		doc := &endpoint.Doc{Tag: "proxy", Summary: method + " of the API", Answers: answers, Extensions: map[string]any{"x-passthrough": true}}
		if method == http.MethodGet {
			doc.Text = "The request goes to BACKEND_URL/api/{path}, with a token for the session's user instead of the cookie. Query, body and status pass unchanged, and bodies are streamed both ways. WebSocket handshakes pass too."
		} else {
			doc.Body, doc.Answers = anyBody, withBody
		}
		list = append(list, endpoint.Endpoint{Method: method, Path: route.DefaultPath + "{path}", ID: id, Guard: guard, Doc: doc})
	}
	return list
}
