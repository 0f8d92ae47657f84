package oauth

import "net/http"

// ReadCredentials returns the client's credentials from the body and the Authorization header
// of a token request.
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
