package oauth

// Rules for a token request (RFC 6749 §3.2 and §2.3.1):
//
//   - Parameters are only in the body. A URL would be logged.
//   - There is one Content-Type, application/x-www-form-urlencoded. The size of the body
//     is limited. Escapes and UTF-8 are valid, and there is no NUL.
//   - No parameter is repeated: two readers might use different values. A parameter
//     without a value counts as absent.
//   - The client authenticates in one way: with one Authorization header of the scheme
//     Basic, or with client_id and client_secret in the body.

import (
	"encoding/base64"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"vestibule/internal/web"
)

// maxParameters limits the parameters of a form. About a dozen are defined. Parsed
// parameters take many times their size in memory.
const maxParameters = 100

// tokenForm holds the parameters of a token request that have a value.
type tokenForm map[string]string

func (s *Server) readTokenForm(w http.ResponseWriter, r *http.Request) (tokenForm, error) {
	if r.URL.RawQuery != "" {
		return nil, badRequest("Parameters must be in the body, not in the URL.")
	}
	if !isForm(r.Header) {
		return nil, badRequest("The Content-Type must be application/x-www-form-urlencoded.")
	}
	body, err := s.ReadBody(w, r)
	if err != nil {
		return nil, err
	}
	return parseTokenForm(string(body))
}

func isForm(h http.Header) bool {
	types := h.Values("Content-Type")
	if len(types) != 1 || len(types[0]) > web.MaxMediaType || len(h.Values("Content-Encoding")) != 0 {
		return false
	}
	kind, params, err := mime.ParseMediaType(types[0])
	charset, given := params["charset"]
	return err == nil && kind == "application/x-www-form-urlencoded" && (!given || strings.EqualFold(charset, "utf-8"))
}

func parseTokenForm(body string) (tokenForm, error) {
	if strings.Count(body, "&") >= maxParameters {
		return nil, badRequest(fmt.Sprintf("The body has more than %d parameters.", maxParameters))
	}
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, badRequest("The body is not application/x-www-form-urlencoded.").Because(err)
	}
	form := tokenForm{}
	for _, name := range slices.Sorted(maps.Keys(values)) { // sorted, so that the same request always gets the same error
		all := values[name]
		switch {
		case len(all) > 1 && (name == "audience" || name == "resource"):
			// RFC 8693 §2.1 allows several values of these two parameters. We do not.
			return nil, refuse(invalidTarget, "A token is for one audience; ask for one at a time.")
		case len(all) > 1:
			return nil, badRequest("The parameter " + named(name) + " is there more than once.")
		case !plainText(name) || !plainText(all[0]):
			return nil, badRequest("The parameter " + named(name) + " is not text in UTF-8.")
		case all[0] != "":
			form[name] = all[0]
		}
	}
	return form, nil
}

func plainText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// credentials are the id and the secret of a client.
type credentials struct{ id, secret string }

// clientCredentials reads the credentials of a request. Its errors are 400 and 401.
func clientCredentials(h http.Header, form tokenForm) (credentials, error) {
	id, secret := form["client_id"], form["client_secret"]
	switch headers := h.Values("Authorization"); {
	case len(headers) > 1:
		return credentials{}, badRequest("There is more than one Authorization header.")
	case len(headers) == 0 && (id == "" || secret == ""):
		return credentials{}, refuseClient("The client must authenticate: with HTTP Basic, or client_id and client_secret in the body.")
	case len(headers) == 0:
		return credentials{id, secret}, nil
	case secret != "":
		return credentials{}, badRequest("The client authenticates both in the header and in the body; use one.")
	default:
		c, ok := parseBasic(headers[0])
		if !ok {
			return credentials{}, refuseClient("The Authorization header is not Basic with a form-encoded client id and secret.")
		}
		if id != "" && id != c.id {
			return credentials{}, badRequest("The client_id in the body is not that of the Authorization header.")
		}
		return c, nil
	}
}

// parseBasic reads a Basic header (RFC 7617). The id and the secret in it are form-encoded
// (RFC 6749 §2.3.1).
func parseBasic(header string) (c credentials, ok bool) {
	scheme, encoded, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Basic") {
		return c, false
	}
	plain, err := base64.StdEncoding.Strict().DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil {
		return c, false
	}
	id, secret, found := strings.Cut(string(plain), ":")
	var err1, err2 error
	c.id, err1 = url.QueryUnescape(id)
	c.secret, err2 = url.QueryUnescape(secret)
	if !found || err1 != nil || err2 != nil || c.id == "" || c.secret == "" || !plainText(c.id) || !plainText(c.secret) {
		return credentials{}, false
	}
	return c, true
}
