// Package inprocess answers HTTP requests by calling an http.Handler of this
// process, with no socket in between. Neither side can tell: the handler gets a
// request as net/http's server would show it, the client an answer as
// http.Transport would read it. Headers cross as copies and in canonical form,
// bodies stream both ways with back-pressure, a client that leaves cancels the
// handler's context, a panic breaks off the answer and nothing else.
//
// What belongs to the client stays with it: the handler's context carries the
// end of the client's but none of its values and no deadline.
//
// Where it differs from a connection:
//
//   - There is nothing to hijack and no deadline to set (http.ErrNotSupported).
//     A blocked Read or Write ends when the other side moves, leaves, or its
//     context ends, so whoever bounds the client bounds the handler too.
//   - Always full duplex: what the handler leaves unread of a request's body is
//     not read at all, so an early answer cannot be lost to an upload that is
//     still under way. A body of unknown length is not probed for emptiness.
//   - No Date in the answer, no gzip that the client did not ask for, no Expect,
//     no CONNECT, no limit on the size of headers, and of httptrace's hooks only
//     Got1xxResponse. Request.Cancel, long deprecated, is not looked at.
//   - What a server would answer by itself with 400 (an impossible Host or
//     request line) is an error of RoundTrip.
package inprocess
