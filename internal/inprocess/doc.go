// Package inprocess answers HTTP requests by calling an http.Handler of this
// process, with no socket in between. It is made for the two handlers of this
// program, and does what they and their clients need:
//
//   - Headers cross as copies.
//   - Bodies stream both ways. Whoever writes faster than the other side reads
//     has to wait, so that an exchange needs little memory.
//   - The handler's context ends when the client's does or when the client
//     closes the answer, and reads and writes of the handler fail from then on.
//     The context carries no values and no deadline of the client's.
//   - A panic breaks off the answer and nothing else.
//   - A declared Content-Length is held to. A short answer without one gets it.
//
// What nobody here needs is an error: protocol switches and other 1xx answers,
// header names that are not in canonical form, trailers. There is nothing to
// hijack and no deadline to set (http.ErrNotSupported); whoever bounds the
// client bounds the handler too. The handler may answer before it has read the
// request. Content types are not guessed, and an answer has no Date.
package inprocess
