// Package proxy carries a browser's requests to the API behind the BFF and the
// answers back. It is httputil.ReverseProxy between two lists: what of a
// request may reach the API, and what of an answer may reach the browser.
//
// It promises:
//
//   - The API gets the request headers that are listed, an Authorization and
//     forwarding headers that are ours, and nothing else: no cookie, no
//     Authorization and no identity that the client wrote.
//   - Path, query, status and bodies pass as they are. Bodies stream both ways
//     at once; an event reaches the browser when the API has flushed it.
//   - The address of the API comes from configuration alone and is never shown:
//     its redirects and links become paths of ours or are refused.
//   - An exchange lives no longer than its client, its session and the server.
//     When one of them ends, upload, download, event stream and WebSocket end.
//   - A body that was held open is whole at the API only if the session lives then.
//   - An answer is private to its user, and the API cannot speak for our origin.
//   - A POST goes to the API at most once, and an answer that breaks off is
//     never passed off as a whole one.
//
// It refuses, before anything is sent: methods that are not listed, paths and
// queries that two parsers could read differently, WebSockets from foreign
// origins, bodies over the limit. No protocol but HTTP and WebSocket is passed.
//
// It knows no cookie, session or signing key: Config.Authorize turns a request
// into a token or a refusal.
package proxy
