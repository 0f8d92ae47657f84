package bff

import (
	"context"
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

type currentJSON struct {
	Session sessionJSON `json:"session"`
	User    userJSON    `json:"user"`
}

var getSessionDoc = endpoint.Doc{
	Tag: "session", Summary: "Ask who is signed in",
	Row:    "200 `{session, user}` or `null`. `?disableRefresh=true` does not extend the session",
	Params: []*endpoint.Param{inQuery("disableRefresh", "With any value but the empty one, the request does not extend the session", false, "true")},
	Answers: []*endpoint.Answer{answers("The session and its user, or null. The cookie is set again if the session was extended or its signature is old, and cleared if the session has ended", &currentJSON{exampleSession, exampleUser},
		setCookie, &endpoint.Header{Component: "SetAuthJwt", Name: exposedTokenHeader, Text: "The access token, only with EXPOSE_TOKEN", Schema: text, Example: "eyJ..."})},
}

// getSession answers who is signed in, or null. It never answers 401: apps call it to
// find out. With disableRefresh the call does not extend the session; as in Better Auth,
// any value but the empty one means yes.
func (s *Server) getSession(w http.ResponseWriter, r *http.Request) error {
	read, renew := s.sessions.Read, s.sessions.Renewed
	if web.QueryValue(r, "disableRefresh") != "" {
		read = s.sessions.Peek
		renew = func(ctx context.Context, live *session.Live) (*http.Cookie, error) {
			return s.sessions.SignedAgain(ctx, live), nil
		}
	}
	live, err := read(r)
	var renewed *http.Cookie
	if err == nil {
		renewed, err = renew(r.Context(), live)
	}
	switch {
	case errors.Is(err, session.ErrEnded):
		s.noSession(r, err)
		if !errors.Is(err, session.ErrReplaced) { // a delayed answer would clear a newer cookie
			http.SetCookie(w, s.sessions.Cookie.Clear())
		}
		return web.WriteJSON(w, http.StatusOK, nil)
	case errors.Is(err, session.ErrNone), errors.Is(err, session.ErrUnsigned):
		return web.WriteJSON(w, http.StatusOK, nil)
	case err != nil:
		return err
	}
	if renewed != nil {
		http.SetCookie(w, renewed)
	}
	web.NoteUser(r, live.UserID)
	if err := s.exposeToken(w, live); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, currentJSON{Session: toSessionJSON(*live.Session), User: toUserJSON(*live.User)})
}
