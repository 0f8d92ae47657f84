package proxy

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vestibule/bff/route"
	"vestibule/internal/web"
)

// These requests are refused before any other check:
//
//   - Methods that are not listed. TRACE would show our own headers to the
//     client, CONNECT opens tunnels, and the others have not been reviewed.
//   - Paths that the checks here and the router of the API could read
//     differently (web.CheckPath).
//   - Queries that parsers disagree about: invalid escapes, semicolons, and
//     more parameters than Go's own parser reads. All other queries go to the
//     API byte for byte.
//   - What the rules of the route do not allow.

var methods = route.Methods()

const maxQueryParameters = 10_000 // url.ParseQuery's own limit

// EveryMethod names the rule about methods that every route has, in the words of the log.
const EveryMethod = "methods of every route"

const (
	// EveryPath names the rule about paths that every route has.
	EveryPath  = "paths of every route"
	everyQuery = "queries of every route"
)

// CheckTarget returns the refusal of a request whose method, path or query passes on no route,
// or nil. The log names the rule.
func CheckTarget(r *http.Request) error {
	if !slices.Contains(methods, r.Method) {
		web.NoteRefusal(r, EveryMethod)
		return web.MethodNotAllowed(r.Method, methods)
	}
	if err := web.CheckPath(r); err != nil {
		web.NoteRefusal(r, EveryPath)
		return err
	}
	if fault := queryFault(r.URL.RawQuery); fault != "" {
		web.NoteRefusal(r, everyQuery)
		return badQuery(fault)
	}
	return nil
}

// Admit returns the path below that of a route as it was written, or the refusal of the request.
// The log names the route, and the rule that refuses. The client learns no more than of a path
// or method that does not exist.
func Admit(r *http.Request, to *route.Route) (rest string, err error) {
	web.NoteRoute(r, to.Path)
	if err := CheckTarget(r); err != nil {
		return "", err
	}
	rest, ours := Below(r.URL, to)
	if !ours {
		web.NoteRefusal(r, EveryPath)
		return "", web.ErrNotFound
	}
	rule, status := to.Refuses(r.Method, rest)
	if rule == "" {
		return rest, nil
	}
	web.NoteRefusal(r, rule)
	if status == http.StatusMethodNotAllowed {
		return "", web.MethodNotAllowed(r.Method, to.Methods)
	}
	return "", web.ErrNotFound
}

// Below returns the path of u below that of a route which Table.Find gave it, as it was written.
// ours is false if the path is below the route only as net/url writes it: for one byte that is
// invalid in a path, that decodes all escapes.
func Below(u *url.URL, to *route.Route) (rest string, ours bool) {
	return strings.CutPrefix(rawPath(u), to.Path)
}

// AdmitWebSocket returns the refusal of a WebSocket handshake, or nil. mayOpen reports whether the
// origin of the request may open one.
func AdmitWebSocket(r *http.Request, to *route.Route, mayOpen func(*http.Request) bool) error {
	switch {
	case !to.WebSocket:
		web.NoteRefusal(r, to.Rule("websocket"))
		return errNoWebSocket
	case !mayOpen(r):
		return errOrigin
	}
	return nil
}

func badQuery(fault string) *web.Error {
	return web.Refuse(http.StatusBadRequest, "INVALID_QUERY", "The query "+fault+".")
}

// queryFault returns the reason why url.ParseQuery would refuse the query, or
// "". Unlike ParseQuery it does not build a map of the parameters.
func queryFault(raw string) string {
	if strings.Count(raw, "&")+1 > maxQueryParameters {
		return "has more than 10000 parameters"
	}
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case ';':
			return "contains a semicolon, which must be escaped"
		case '%':
			if i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2]) {
				return "contains an invalid escape"
			}
		}
	}
	return ""
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// rawPath returns the path of u as it was written. Only bytes that are invalid in
// a path are escaped. If they stayed, url.URL would escape the whole path again,
// and a %2C in another part of it would become a comma.
func rawPath(u *url.URL) string {
	if u.RawPath == "" {
		return u.EscapedPath()
	}
	const hex = "0123456789ABCDEF"
	var escaped []byte
	for i, c := range []byte(u.RawPath) {
		switch valid := isPathByte(c); {
		case !valid && escaped == nil:
			escaped = append([]byte(u.RawPath[:i]), '%', hex[c>>4], hex[c&15])
		case !valid:
			escaped = append(escaped, '%', hex[c>>4], hex[c&15])
		case escaped != nil:
			escaped = append(escaped, c)
		}
	}
	if escaped == nil {
		return u.RawPath
	}
	return string(escaped)
}

// isPathByte accepts the bytes that RFC 3986 allows in a path, and the square
// brackets, which browsers do not escape.
func isPathByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("-._~!$&'()*+,;=:@/%[]", c) >= 0
}
