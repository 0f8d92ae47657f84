package frontend

import (
	"io/fs"
	"net/http"
	"path"
	"strings"
)

const index = "index.html"

// fileName returns the file that a path asks for, of a request that
// web.CheckPath has passed. No name starts with a dot: what does (.env, .git) was
// put into the folder by mistake. Of .well-known, whose files are public by their
// meaning (RFC 8615), only the folder may.
func fileName(urlPath string) (string, bool) {
	name := strings.TrimPrefix(urlPath, "/")
	if name == "" || strings.HasSuffix(name, "/") {
		name += index
	}
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		return "", false
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(name, wellKnown), "/") {
		if strings.HasPrefix(segment, ".") {
			return "", false
		}
	}
	return name, true
}

const wellKnown = ".well-known/"

// isPage says whether a request for a file that is not there may be for a page of
// the app's own router. One with the extension of an asset is not: a deploy has
// replaced a script that an open tab still asks for, and HTML in its place is an
// error that nobody understands.
func isPage(r *http.Request, name string) bool {
	if _, asset := types[strings.ToLower(path.Ext(name))]; asset && !strings.HasSuffix(name, "/"+index) {
		return false
	}
	if strings.HasPrefix(name, wellKnown) {
		return false
	}
	// Browsers say what they are about to do, except on plain http to other
	// machines, and except old ones.
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return acceptsHTML(r.Header.Values("Accept"))
}

// acceptsHTML reads Accept (RFC 9110 §12.5.1). A request without it takes anything.
func acceptsHTML(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	for _, choice := range weighed(accept) {
		switch choice.name {
		case "text/html", "application/xhtml+xml", "text/*", "*/*":
			if choice.q > 0 {
				return true
			}
		}
	}
	return false
}
