// Package web is what the HTTP surfaces share around their handlers: handlers
// that return errors, strict JSON in, JSON out, request ids and one log record
// per request, security headers, the client's address, deadlines for slow
// clients, refusal of doubtful framing, and a router that answers 404 and 405
// in the surface's own shape.
//
// A surface is wrapped, from outside to inside, in RequestLog, SecurityHeaders and
// Deadlines. Its http.Server gets its listener from GuardFraming. Handlers and middleware
// reach the connection only through http.ResponseController.
//
// It knows no user, session or task.
package web
