package bearer

import (
	"io"
	"net/http"
)

// judgedBody is a request's body that ends with an error if the caller is no longer allowed
// to act. A body may take half an hour, and the token was verified before it. Meanwhile it
// can expire, or its key can be withdrawn.
//
// Every admitted request has such a body, so no handler can skip this second check.
type judgedBody struct {
	io.ReadCloser
	judge func() error
}

// Read returns the refusal in place of the end.
func (b judgedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		if refused := b.judge(); refused != nil {
			return n, refused
		}
	}
	return n, err
}

// judgeBody makes the body of r end with a second check of the caller.
func (v *Verifier) judgeBody(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	r.Body = judgedBody{r.Body, func() error {
		_, err := v.Authenticate(r)
		return err
	}}
}
