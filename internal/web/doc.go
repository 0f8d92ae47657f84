// Package web is what both HTTP surfaces share around their handlers: handlers
// that return errors, strict JSON in, JSON out, request ids and one log record
// per request, security headers, the client's address, deadlines for slow
// clients, and a router that answers 404 and 405 in the surface's own shape.
//
// It knows no user, session or task.
package web
