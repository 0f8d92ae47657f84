package bff

import (
	"net/http"

	"vestibule/internal/web"
)

func (s *Server) bodiesOf(from share) *web.Bodies {
	if from.User != "" {
		return s.members
	}
	return s.strangers
}

func badTarget(code, message string) *web.Error {
	return web.Refuse(http.StatusForbidden, code, message+": use a page's path like /welcome, which is not under /api/, or a URL of this site or of one in TRUSTED_ORIGINS.")
}

// readBody reads a JSON object, which counts towards the sender's share of memory. It
// refuses redirect targets in it that are not allowed.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, from share) (*web.Object, error) {
	body, err := s.bodiesOf(from).ReadObject(w, r, from.Address)
	s.noteTooLarge(r, err)
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		if !body.Has(t.field) || body.IsNull(t.field) {
			continue
		}
		target, ok := body.String(t.field)
		if ok && !s.origins.allowTarget(s.origin(), target) {
			return nil, badTarget(t.code, t.message)
		}
	}
	return body, nil
}

// noBody is the bodyReader of a GET.
func noBody(http.ResponseWriter, *http.Request, share) (*web.Object, error) { return nil, nil }

// bodyReader reads the body of a signed-in user's request.
type bodyReader func(http.ResponseWriter, *http.Request, share) (*web.Object, error)

// optionalBody reads the body of a request that needs none: {} or nothing. It refuses
// every body that an HTML form of another site can send.
func (s *Server) optionalBody(w http.ResponseWriter, r *http.Request, from share) (*web.Object, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	return s.readBody(w, r, from)
}

// rememberMe reads the member of that name, which is true unless the client says otherwise.
func rememberMe(in *web.Object) bool {
	if !in.Has("rememberMe") {
		return true
	}
	yes, _ := in.Bool("rememberMe")
	return yes
}

// optionalText returns a member that is a string, or nil when it is absent or null.
func optionalText(body *web.Object, field string) *string {
	if !body.Has(field) || body.IsNull(field) {
		return nil
	}
	text, _ := body.String(field)
	return &text
}
