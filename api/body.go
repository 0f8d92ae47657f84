package api

import (
	"io"
	"net/http"
)

// judgedBody is a request's body whose end is withheld from whoever may not act any
// more by then. A body may take half an hour, and the token was judged before it:
// it can expire meanwhile, or its key be withdrawn.
//
// It is the body of every request under /api/, so no handler can act on one that was
// not judged again, nor forget to.
type judgedBody struct {
	io.ReadCloser
	judge func() error
}

// Read returns the refusal where the end would be.
func (b judgedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		if refused := b.judge(); refused != nil {
			return n, refused
		}
	}
	return n, err
}

// judgeBody lets the body of r end only for a caller who may still act.
func (s *Server) judgeBody(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	r.Body = judgedBody{r.Body, func() error {
		_, err := s.authenticate(r)
		return err
	}}
}
