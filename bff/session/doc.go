// Package session decides whether a session is alive. It owns the format of the cookie,
// the lifecycle of sessions and the cache of their rows. It ends the open streams of a
// session when the session ends.
//
// Guarantees:
//
//   - The secret in the cookie leaves this package only in Set-Cookie. The database
//     holds its SHA-256. Bodies contain only the ID of the session.
//   - A made-up cookie costs one HMAC and no query.
//   - A session ends ExpiresIn after its last update or MaxAge after its sign-in,
//     whichever comes first. Use extends the first and never the second.
//   - The next request of an ended session is refused. Its open streams close within two
//     seconds.
//   - An outage of the database never counts as the end of a session.
package session
