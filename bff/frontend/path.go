package frontend

import (
	"io/fs"
	"net/http"
	"path"
	"strings"
)

const index = "index.html"

// fileName returns the file for the path of a request that web.CheckPath has accepted. It
// refuses names that start with a dot: such files (.env, .git) are in the folder by
// mistake. The only exception is the folder .well-known, whose files are meant to be public
// (RFC 8615).
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

// isPage reports whether a request for a missing file may be for a page of the app's own
// router. A name with the extension of an asset is not: an open tab may still ask for a
// script that a deploy has replaced, and HTML instead of it causes confusing errors.
func isPage(r *http.Request, name string) bool {
	if _, asset := types[strings.ToLower(path.Ext(name))]; asset && !strings.HasSuffix(name, "/"+index) {
		return false
	}
	if strings.HasPrefix(name, wellKnown) {
		return false
	}
	// Browsers send Sec-Fetch-Mode, except old ones, and except over plain http to other
	// machines.
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return acceptsHTML(r.Header.Values("Accept"))
}

// acceptsHTML reads Accept (RFC 9110 §12.5.1). A request without it accepts everything.
func acceptsHTML(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	for _, choice := range parseWeights(accept) {
		switch choice.name {
		case "text/html", "application/xhtml+xml", "text/*", "*/*":
			if choice.q > 0 {
				return true
			}
		}
	}
	return false
}
