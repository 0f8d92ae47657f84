package proxy

import (
	"net/http"
	"strings"
)

// ownCookie returns the cookie of ours that this answer should set, or nil.
func (x *exchange) ownCookie() *http.Cookie {
	if x.grant.Cookie == nil {
		return nil
	}
	return x.grant.Cookie(x.ctx)
}

// setCookie adds our own cookie to an answer. Then nobody may store the answer, not even the
// browser: a stored copy could bring an old cookie back later. That costs the browser one
// download. To leave the cookie out instead would be wrong, because some pages get nothing but
// answers that may be stored, or 304. A 304 says so too: the browser still uses its copy now,
// and then drops it.
//
// The header is not the API's, so it does not go through merge, which withholds Set-Cookie.
func (x *exchange) setCookie(res *http.Response) {
	cookie := x.ownCookie()
	if cookie == nil {
		return
	}
	http.SetCookie(x.answer.w, cookie)
	res.Header["Cache-Control"] = []string{unstored(res.Header["Cache-Control"])}
	delete(res.Header, "Expires")
}

// unstored returns the Cache-Control of an answer that nobody may store. must-understand is
// left out because it would override no-store. no-transform stays: without it, a server in
// front of us may compress, and hold back, an event stream.
func unstored(values []string) string {
	for _, d := range splitList(strings.Join(values, ", ")) {
		if strings.EqualFold(d, "no-transform") {
			return noStore + ", no-transform"
		}
	}
	return noStore
}
