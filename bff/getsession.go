package bff

import (
	"context"
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// currentJSON is Better Auth's answer of get-session.
type currentJSON struct {
	Session sessionJSON `json:"session"`
	User    userJSON    `json:"user"`
}

// currentEndsJSON is the answer of our own name for it.
type currentEndsJSON struct {
	currentJSON
	ExpiresAt    web.Time `json:"expiresAt" doc:"When the session ends if it is not used"`
	MaxExpiresAt web.Time `json:"maxExpiresAt" doc:"When the session ends at the latest, however much it is used"`
}

var (
	disableRefresh = inQuery("disableRefresh", "With any value but the empty one, the request does not extend the session", false, "true")
	peekParam      = &endpoint.Param{Name: "peek", In: "query", Text: "With true, the request does not extend the session and sets no cookie: it can be sent as often as a page needs to warn in time",
		Schema: endpoint.Schema{"type": "boolean"}, Example: true}
	setAuthJWT = &endpoint.Header{Component: "SetAuthJwt", Name: exposedTokenHeader, Text: "The access token, only with EXPOSE_TOKEN", Schema: text, Example: "eyJ..."}
)

const currentText = "The session and its user, or null. The cookie is set again if the session was extended or its signature is old, and cleared if the session has ended"

var getSessionDoc = endpoint.Doc{
	Tag: "session", Summary: "Ask who is signed in",
	Row:     "200 `{session, user}` or `null`. `?disableRefresh=true` does not extend the session",
	Params:  []*endpoint.Param{disableRefresh},
	Answers: []*endpoint.Answer{answers(currentText, &currentJSON{exampleSession, exampleUser}, setCookie, setAuthJWT)},
}

var sessionDoc = endpoint.Doc{
	Tag: "session", Summary: "Ask who is signed in, and until when",
	Row:    "200 `{session, user, expiresAt, maxExpiresAt}` or `null`: when the session ends if it is not used, and at the latest. `?peek=true` does not extend the session and sets no cookie; `?disableRefresh=true` as below",
	Params: []*endpoint.Param{peekParam, disableRefresh},
	Answers: []*endpoint.Answer{answers(currentText, &currentEndsJSON{currentJSON{exampleSession, exampleUser}, exampleSession.ExpiresAt, exampleLatest}, setCookie, setAuthJWT),
		{Component: "BadPeek", Status: 400, Errors: []*web.Error{errPeek}, Text: "`peek` is neither true nor false"}},
}

var errPeek = web.Refuse(http.StatusBadRequest, "VALIDATION_ERROR", "[query.peek] Invalid input: expected true or false")

// getSession answers as Better Auth does.
func (s *Server) getSession(w http.ResponseWriter, r *http.Request) error {
	live, err := s.signedInNow(w, r, false)
	if err != nil || live == nil {
		return s.nobody(w, err)
	}
	return web.WriteJSON(w, http.StatusOK, toCurrentJSON(live))
}

// session is getSession under our own name. It also answers when the session ends, so that a
// page can warn before that.
func (s *Server) session(w http.ResponseWriter, r *http.Request) error {
	peek := web.QueryValue(r, "peek")
	switch peek {
	case "", "false", "true":
	default:
		return errPeek
	}
	live, err := s.signedInNow(w, r, peek == "true")
	if err != nil || live == nil {
		return s.nobody(w, err)
	}
	unused, latest := s.sessions.Ends(live)
	return web.WriteJSON(w, http.StatusOK, currentEndsJSON{toCurrentJSON(live), web.Time(unused), web.Time(latest)})
}

func toCurrentJSON(live *session.Live) currentJSON {
	return currentJSON{Session: toSessionJSON(*live.Session), User: toUserJSON(*live.User)}
}

// nobody answers null. It never answers 401: apps call it to find out.
func (s *Server) nobody(w http.ResponseWriter, err error) error {
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, nil)
}

// signedInNow returns the session of r, or nil, and sets or clears the cookie as needed. With
// disableRefresh the call does not extend the session; as in Better Auth, any value but the
// empty one means yes. A peek does not extend it either, and leaves the cookie alone: its
// answer may be late, and it is sent by a timer, which must not keep anybody signed in.
func (s *Server) signedInNow(w http.ResponseWriter, r *http.Request, peek bool) (*session.Live, error) {
	read, renew := s.sessions.Read, s.sessions.Renewed
	if peek || web.QueryValue(r, "disableRefresh") != "" {
		read = s.sessions.Peek
		renew = func(ctx context.Context, live *session.Live) (*http.Cookie, error) {
			return s.sessions.SignedAgain(ctx, live), nil
		}
	}
	live, err := read(r)
	var renewed *http.Cookie
	if err == nil && !peek {
		renewed, err = renew(r.Context(), live)
	}
	switch {
	case errors.Is(err, session.ErrEnded):
		s.noSession(r, err)
		if !peek && !errors.Is(err, session.ErrReplaced) { // a delayed answer would clear a newer cookie
			http.SetCookie(w, s.sessions.Cookie.Clear())
		}
		return nil, nil
	case errors.Is(err, session.ErrNone), errors.Is(err, session.ErrUnsigned):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if renewed != nil {
		http.SetCookie(w, renewed)
	}
	web.NoteUser(r, live.UserID)
	return live, s.exposeToken(w, live)
}
