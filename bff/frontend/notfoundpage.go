package frontend

import (
	"io"
	"net/http"
	"strconv"
)

// sendNotFound answers with the build's page for unknown paths. Conditions and ranges do not
// apply to an answer that is not a 200 (RFC 9110 §13.2.1, §14.2). No cache stores it (web.NoStore):
// the next deploy may bring the page.
func (a *App) sendNotFound(w http.ResponseWriter, r *http.Request, v *variant) {
	h := w.Header()
	h.Set("Content-Length", strconv.FormatInt(v.size, 10))
	a.describe(h, notFoundPage, v)
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, v.content) // if it fails, the client is gone
	}
}

// redirect sends the client to the page's own path, which web.CheckPath has accepted with or
// without the slash: it cannot lead to another host. No cache stores the answer (web.NoStore). A
// deploy may turn about/index.html into about.html, and a redirect that a browser had kept
// would then lead in a circle.
func redirect(w http.ResponseWriter, r *http.Request, path string) {
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	http.Redirect(w, r, path, http.StatusPermanentRedirect) // #nosec G710 -- a path without empty segments
}
