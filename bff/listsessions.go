package bff

import (
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

var listSessionsDoc = endpoint.Doc{
	Tag: "session", Summary: "List the user's sessions",
	Row:     "200 the user's live sessions, the latest sign-in first. The caller's session is the one with the `token` that `/get-session` returns",
	Answers: []*endpoint.Answer{answers("The live sessions, the latest sign-in first. The caller's session is the one with the `token` that `/get-session` returns", []sessionJSON{exampleSession})},
}

// listSessions lists where the user is signed in. The caller's own session is the one
// whose token /get-session returns.
func (s *Server) listSessions(w http.ResponseWriter, r *http.Request, live *session.Live, _ *web.Object) error {
	rows, err := s.sessions.Of(r.Context(), live.UserID)
	if err != nil {
		return err
	}
	list := make([]sessionJSON, len(rows))
	for i, row := range rows {
		list[i] = toSessionJSON(row)
	}
	return web.WriteJSON(w, http.StatusOK, list)
}
