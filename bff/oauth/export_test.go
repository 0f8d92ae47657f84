package oauth

import "net/http"

// ReadCredentials reads a token request's body and Authorization header, as far as
// who the client says it is.
func ReadCredentials(header, body string) (id, secret string, err error) {
	form, err := parseTokenForm(body)
	if err != nil {
		return "", "", err
	}
	h := http.Header{}
	if header != "" {
		h.Set("Authorization", header)
	}
	c, err := clientCredentials(h, form)
	return c.id, c.secret, err
}
