package bearer

import (
	"io"
	"net/http"
)

// judgedBody is a request's body that ends with an error if the caller may no longer
// act by then. A body may take half an hour, and the token was verified before it:
// meanwhile it can expire, or its key can be withdrawn.
//
// It is the body of every request that is admitted, so no handler can act on a body
// without this second check, or forget it.
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
func (v *Verifier) judgeBody(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	r.Body = judgedBody{r.Body, func() error {
		_, err := v.Authenticate(r)
		return err
	}}
}
