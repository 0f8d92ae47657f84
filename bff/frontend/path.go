package frontend

import (
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
)

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

// probed are the first segments of paths that monitors, load balancers and Kubernetes ask for.
// To them a 200 with the app's page would mean that everything is well. What they look for is
// on the admin listener.
var probed = map[string]bool{
	"actuator": true, "health": true, "healthcheck": true, "healthz": true, "livez": true, "metrics": true, "ping": true, "readyz": true,
}

// isPage reports whether a request for a missing file may be for a page of the app's own
// router:
//
//   - A name with the extension of an asset is not. An open tab may still ask for a script that
//     a deploy has replaced, and HTML instead of it causes confusing errors.
//   - Names below .well-known/ are not: programs ask for them (RFC 8615).
//   - A probe's path is, if the request says that a browser opens a page: an app may have a
//     page /health.
//   - Every other path is, unless the request says that it is for something else.
func isPage(r *http.Request, name string) bool {
	if _, asset := types[strings.ToLower(path.Ext(name))]; asset && !strings.HasSuffix(name, "/"+index) {
		return false
	}
	if strings.HasPrefix(name, wellKnown) {
		return false
	}
	if first, _, _ := strings.Cut(name, "/"); probed[first] {
		return opensPage(r)
	}
	return opensPage(r) || r.Header.Get("Sec-Fetch-Mode") == "" && acceptsAnything(r.Header.Values("Accept"))
}

// isMissingPage reports whether a request asks for a page file that is not there, such as
// /about.html. It gets the build's own page for that, if there is one.
func isMissingPage(r *http.Request, name string) bool { return isHTML(name) && opensPage(r) }

// opensPage reports whether a request says that it loads a page:
//
//   - Browsers say so in Sec-Fetch-Mode.
//   - Old ones have no such header, and none has it over plain http to another machine. Their
//     Accept names HTML.
//   - A service worker that passes the load of a page on sends the page's Accept. The mode is
//     same-origin, in Firefox always and in the others if the worker changes the request.
func opensPage(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Mode") {
	case "navigate":
		return true
	case "", "same-origin":
		return accepts(r.Header.Values("Accept"), "text/html", "application/xhtml+xml")
	}
	return false
}

// acceptsAnything reads Accept of a program. A request without it accepts everything.
func acceptsAnything(accept []string) bool {
	return len(accept) == 0 || accepts(accept, "text/*", "*/*")
}

// accepts reports whether Accept (RFC 9110 §12.5.1) has one of the media ranges.
func accepts(accept []string, ranges ...string) bool {
	return slices.ContainsFunc(parseWeights(accept), func(choice weight) bool {
		return choice.q > 0 && slices.Contains(ranges, choice.name)
	})
}
