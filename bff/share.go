package bff

import (
	"net/http"

	"vestibule/bff/password"
	"vestibule/internal/web"
)

// Memory for bodies and processors for password hashes are scarce, so clients share them.
// The rules:
//
//   - Clients that have proven nothing yet share one part per address.
//   - A client that has shown a live session, or a link from a mail, waits in a separate
//     queue, with a part per user. So strangers cannot block signed-in users, whatever
//     number of addresses they use.
//   - One attacker can sign up as many users. So the address counts in that queue too.

// share says whose part of these a request uses.
type share = password.Share

// shareOf returns the share of a request that is not authenticated.
func (s *Server) shareOf(r *http.Request) share {
	ip := s.clients.Of(r)
	return share{Address: web.ClientKey(ip), Network: web.NetworkKey(ip)}
}

// shareOfUser returns the share of a request that is proven to come from this user.
func (s *Server) shareOfUser(r *http.Request, userID string) share {
	a := s.shareOf(r)
	a.User = userID
	return a
}
