package bff

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"vestibule/bff/linkpage"
	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/opaque"
	"vestibule/internal/web"
	"vestibule/store"
)

// mailedLink returns the link of a token, if the link is still valid. Otherwise its error
// is a 401 that tells an expired link from an unknown one, so that its owner knows to ask
// for another. Wrong tokens are not counted: nobody guesses 256 bits, and attackers could
// use such a limit to block the owner's link.
func (s *Server) mailedLink(r *http.Request, token string, purposes ...string) (store.Link, error) {
	link, err := s.lookUpLink(r, token, purposes)
	if refusal, refused := refusedLink(err); refused {
		return link, s.refuse(r, refusal)
	}
	return link, err
}

func (s *Server) lookUpLink(r *http.Request, token string, purposes []string) (store.Link, error) {
	if !opaque.Valid(token) {
		return store.Link{}, errDeadLink
	}
	leave, err := s.enterLookup(r)
	if err != nil {
		return store.Link{}, err
	}
	link, err := s.store.LinkByToken(r.Context(), opaque.Hash(token), purposes...)
	leave()
	now := s.now()
	switch {
	case errors.Is(err, store.ErrNotFound):
		return link, errDeadLink.Because(err)
	case err != nil:
		return link, err
	case !now.Before(link.ExpiresAt):
		return link, errLinkExpired
	case !link.Good(now):
		return link, errDeadLink
	}
	if link.Purpose == store.PurposeChange && !link.Done() {
		return link, s.requireRequester(r.Context(), link)
	}
	return link, nil
}

var (
	errNoToken     = web.Refuse(http.StatusBadRequest, "VALIDATION_ERROR", "[query.token] Invalid input: expected string, received undefined")
	errDeadLink    = web.Refuse(http.StatusUnauthorized, "INVALID_TOKEN", "Invalid token")
	errLinkExpired = web.Refuse(http.StatusUnauthorized, "TOKEN_EXPIRED", "Token expired")
)

// refusedLink returns the refusal of a link that is no longer valid. A refusal because of
// too many requests says nothing about the link.
func refusedLink(err error) (*web.Error, bool) {
	e, ok := errors.AsType[*web.Error](err)
	return e, ok && (e.Status == http.StatusUnauthorized || e.Status == http.StatusBadRequest)
}

// requireRequester refuses a change of address if the session that asked for it has ended by the
// limits as they are configured now. The store handles a session whose row is deleted.
func (s *Server) requireRequester(ctx context.Context, link store.Link) error {
	live, err := s.sessions.Of(ctx, link.UserID)
	if err == nil && !slices.ContainsFunc(live, func(row store.Session) bool { return row.ID == link.SessionID }) {
		return errDeadLink
	}
	return err
}

// ownSession returns the session of the request, or nil if it is not alive or belongs to
// another user.
func (s *Server) ownSession(r *http.Request, userID string) (live *session.Live, err error) {
	live, err = s.sessions.Read(r)
	switch {
	case errors.Is(err, session.ErrNone), errors.Is(err, session.ErrUnsigned), errors.Is(err, session.ErrEnded):
		return nil, nil
	case err != nil:
		return nil, err
	case live.UserID != userID:
		return nil, nil
	}
	return live, nil
}

// wantsPage says whether a browser, and not another program, sent the request.
func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

var linkFileDoc = endpoint.Doc{
	Tag: "mail", Summary: "A file of the pages behind links",
	// The surface's {file} is a file of the documentation, which is not served here.
	Params: []*endpoint.Param{{
		Name: "file", In: "path", Required: true, Text: "The name of the file: page.css or page.js",
		Schema: endpoint.Schema{"type": "string"}, Example: "page.css",
	}},
	Answers: []*endpoint.Answer{{Status: 200, Text: "The file", Types: []string{"text/javascript", "text/css"}}, notFound},
}

// linkFile serves the files that the link pages load.
func (s *Server) linkFile(w http.ResponseWriter, r *http.Request) error {
	return linkpage.File(w, mux.Vars(r)["file"])
}

// showLinkPage shows the page of a link. If dead is a refusal of the link, it shows a page that
// says that the link no longer works.
func (s *Server) showLinkPage(w http.ResponseWriter, dead error, page linkpage.Page) error {
	if _, refused := refusedLink(dead); refused {
		page = linkpage.Page{Kind: linkpage.Dead}
	} else if dead != nil {
		return dead
	}
	page.Site, page.Shortest = s.name(), s.cfg.PasswordMinLength
	return page.Write(w)
}
