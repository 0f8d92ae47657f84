// Package session decides whether a session lives. It owns the cookie's
// format, the session's lifecycle and the cache in front of its row, and it
// ends the open streams of a session that has ended.
//
// What it promises:
//
//   - The secret in the cookie leaves this package in Set-Cookie and nowhere
//     else; the database holds its SHA-256, every body a handle.
//   - A made-up cookie costs one HMAC and no query.
//   - A session lives ExpiresIn after its last update and MaxAge after its
//     sign-in, whichever is first. Use extends the first, nothing the second.
//   - A session that was ended opens nothing at the next request of this
//     process, and its open streams close within two seconds.
//   - An outage of the database is never taken for the end of a session.
package session
