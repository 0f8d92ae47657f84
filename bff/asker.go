package bff

import (
	"net/http"

	"vestibule/bff/password"
	"vestibule/internal/web"
)

// What is scarce is shared: the room for bodies in memory, and the processors that hash
// passwords. The rules:
//
//   - Whoever has shown nothing yet has a share together with all of their address.
//   - Whoever has shown a live session, or a link that was mailed, stands in another
//     line, in a place of their own. So no crowd of strangers, from however many
//     addresses, keeps a user who is in from what they want to do.
//   - Anybody can be many users, who sign up. So an address counts there too.

// asker is whose share something comes out of.
type asker = password.Asker

// anybody is the asker of a request that has shown nothing.
func (s *Server) anybody(r *http.Request) asker {
	ip := s.clients.Of(r)
	return asker{Address: web.ClientKey(ip), Network: web.NetworkKey(ip)}
}

// known is the asker of a request that has shown to be of this user.
func (s *Server) known(r *http.Request, userID string) asker {
	a := s.anybody(r)
	a.User = userID
	return a
}
