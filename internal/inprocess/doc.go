// Package inprocess answers HTTP requests by calling an http.Handler of this process,
// without a socket in between. It is made for the two handlers of this program, and does
// what they and their clients need:
//
//   - Headers are copied.
//   - Bodies stream both ways. A writer waits for a slow reader, so an exchange needs
//     little memory.
//   - The handler's context ends when the client's context ends or the client closes the
//     answer. From then on the handler's reads and writes fail. The context carries none of
//     the client's values and no deadline.
//   - A panic aborts the answer and nothing else.
//   - A declared Content-Length is enforced. A short answer without one gets one.
//
// The rest is an error: protocol switches and other 1xx answers, header names that are not
// in canonical form, trailers. Hijacking and deadlines are not supported
// (http.ErrNotSupported): bounding the client also bounds the handler. The handler may
// answer before it has read the request. Content types are not guessed, and an answer has
// no Date.
package inprocess
