// Package proxy carries a browser's requests to the API behind the BFF and the
// answers back. It puts httputil.ReverseProxy between two lists: the parts of a
// request that may reach the API, and the parts of an answer that may reach the
// browser.
//
// It guarantees:
//
//   - The API gets the listed request headers, our own Authorization and our own
//     forwarding headers, and no others. The client's cookie, Authorization and
//     identity headers never reach it.
//   - Path, query, status and bodies pass unchanged. Bodies are streamed both ways
//     at the same time. An event reaches the browser as soon as the API flushes it.
//   - The address of the API comes only from the configuration and is never shown.
//     Redirects and links of the API become paths of ours or are refused.
//   - An exchange ends with its client, its session or the server, whichever ends
//     first. This holds for uploads, downloads, event streams and WebSockets.
//   - A body that was held open becomes complete at the API only if the session is
//     still valid at that moment.
//   - An answer is private to its user, and the API cannot act for our origin.
//   - A POST goes to the API at most once, except after a redirect to the same path with
//     or without the slash at its end. A truncated answer never looks complete.
//
// It refuses, before it sends anything: methods that are not listed, paths and
// queries that two parsers could read differently, WebSockets from foreign
// origins, and bodies over the limit. It carries only HTTP and WebSocket.
//
// It knows no cookies, sessions or signing keys: Config.Authorize turns a request
// into a token or a refusal.
package proxy
