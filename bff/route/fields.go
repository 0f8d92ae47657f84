package route

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestibule/internal/values"
)

// field is a member that a route may have.
type field struct {
	name string
	form string // the cure for a value of the wrong type
	read func(*fieldReader)
}

// members lists all members of a route, in the order of docs/routes.md.
var members = []field{
	{"path", `write a path like "/api/billing/"`, (*fieldReader).path},
	{"upstream", `write a URL like "https://billing.internal/v2/"`, (*fieldReader).upstream},
	{"allow_http", formBool, (*fieldReader).allowHTTP},
	{"keep_path", formBool, func(f *fieldReader) { f.flag(&f.row.KeepPath) }},
	{"session", `write "required", "optional" or "none"`, (*fieldReader).session},
	{"audience", `write the aud claim that the API requires, like "billing"`, (*fieldReader).audience},
	{"scope", `write words with one space between them, like "orders:read orders:write"`, (*fieldReader).scope},
	{"claims", `write an array like ["email", "name"]`, (*fieldReader).claims},
	{"methods", `write an array like ["GET", "POST"]`, (*fieldReader).methods},
	{"paths", `write an array like ["orders/*", "status"]`, (*fieldReader).paths},
	{"body_limit", `write a size like "10MiB", or 0 for no limit`, (*fieldReader).bodyLimit},
	{"timeout", `write a duration like "30s", or 0 for none`, (*fieldReader).timeout},
	{"forward_headers", `write an array like ["X-Tenant"]`, (*fieldReader).forwardHeaders},
	{"redirects", `write an array of hosts like ["files.example.com"]`, (*fieldReader).redirects},
	{"csp", `write "api" or "own"`, (*fieldReader).csp},
	{"websocket", formBool, func(f *fieldReader) { f.flag(&f.row.WebSocket) }},
	{"me", formBool, func(f *fieldReader) { f.flag(&f.row.Me) }},
}

const formBool = "write true or false"

// Members returns the names of all members of a route.
func Members() []string {
	names := make([]string, len(members))
	for i, f := range members {
		names[i] = f.name
	}
	return names
}

// fieldReader reads one member of a route.
type fieldReader struct {
	p   *parser
	row *row
	field
	node
}

// refuse records a mistake in the member.
func (f *fieldReader) refuse(value, problem, cure string) {
	f.refuseAt(f.node, "", value, problem, cure)
}

// refuseAt records a mistake in an entry of the member's list. entry is like [1].
func (f *fieldReader) refuseAt(n node, entry, value, problem, cure string) {
	f.row.bad[f.name] = true
	f.p.refuse(Fault{Place: f.row.place + "." + f.name + entry, offset: n.at, Value: value, Problem: problem, Cure: cure})
}

func (f *fieldReader) wrongType(want string) {
	f.refuse("", "is "+f.kindName()+", not "+want, f.form)
}

// string returns the member's text. ok is false, with the mistake recorded, if it is no string.
func (f *fieldReader) string() (text string, ok bool) {
	if f.kind != '"' {
		f.wrongType("a string")
		return "", false
	}
	return f.text, true
}

func (f *fieldReader) flag(to *bool) {
	if f.kind != 't' && f.kind != 'f' {
		f.wrongType("a boolean")
		return
	}
	*to = f.kind == 't'
}

// list passes each text of the member's list to read, which returns it as it will be used, or
// what is wrong with it.
func (f *fieldReader) list(read func(text string) (used string, m *values.Mistake)) []string {
	if f.kind != '[' {
		f.wrongType("an array")
		return nil
	}
	all := []string{}
	for i, n := range f.items {
		entry := fmt.Sprintf("[%d]", i)
		if n.kind != '"' {
			f.refuseAt(n, entry, "", "is "+n.kindName()+", not a string", f.form)
			continue
		}
		used, m := read(n.text)
		switch {
		case m != nil:
			f.refuseAt(n, entry, n.text, m.Problem, m.Cure)
		case slices.Contains(all, used):
			f.refuseAt(n, entry, n.text, "is listed twice", "list it once")
		default:
			all = append(all, used)
		}
	}
	return all
}

// some is list for a member whose empty list would let nothing pass.
func (f *fieldReader) some(read func(text string) (used string, m *values.Mistake)) []string {
	if f.kind == '[' && len(f.items) == 0 {
		f.refuse("", "is empty, so the route would refuse everything", "leave it out to let all pass")
	}
	return f.list(read)
}

func (f *fieldReader) methods() {
	given := f.some(func(text string) (string, *values.Mistake) {
		if !slices.Contains(Methods(), text) {
			return "", &values.Mistake{Problem: "is not a method that the proxy passes", Cure: "use " + strings.Join(Methods(), ", ")}
		}
		return text, nil
	})
	if slices.Contains(given, http.MethodGet) {
		given = append(given, http.MethodHead) // HEAD asks for the same as GET (RFC 9110 §9.3.2)
	}
	f.row.Methods = inOrder(Methods(), given)
}

// inOrder returns the members of all that are in some.
func inOrder(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !slices.Contains(some, s) })
}

func (f *fieldReader) paths() {
	f.some(func(text string) (string, *values.Mistake) {
		p, m := ParsePattern(text)
		if m == nil {
			f.row.Paths = append(f.row.Paths, p)
		}
		return strings.TrimSuffix(text, "/"), m
	})
}

func (f *fieldReader) bodyLimit() {
	if f.kind == '0' {
		n, err := strconv.ParseInt(f.node.text, 10, 64)
		if err != nil || n < 0 {
			f.refuse(f.node.text, "is not a whole number of bytes", f.form)
		}
		f.row.BodyLimit = n
		return
	}
	if text, ok := f.string(); ok {
		n, m := values.Size(text)
		if m != nil {
			f.refuse(text, m.Problem, m.Cure)
		}
		f.row.BodyLimit = n
	}
}

const (
	shortestTimeout = 10 * time.Millisecond
	longestTimeout  = time.Hour
)

func (f *fieldReader) timeout() {
	if f.kind == '0' && f.node.text != "0" {
		f.refuse(f.node.text, "has no unit", f.form)
		return
	}
	if f.kind == '0' || f.node.text == "0" {
		f.row.Timeout = 0
		return
	}
	if text, ok := f.string(); ok {
		d, m := values.Duration(text, shortestTimeout, longestTimeout)
		if m != nil {
			f.refuse(text, m.Problem, m.Cure)
		}
		f.row.Timeout = d
	}
}

func (f *fieldReader) forwardHeaders() {
	patterns := 0
	f.row.ForwardHeaders = f.list(func(text string) (string, *values.Mistake) {
		if reason := WhyNotForwarded(text); reason != "" {
			return "", &values.Mistake{Problem: "must not be forwarded to the API (" + reason + ")", Cure: "leave it out; a pattern is written like X-My-*"}
		}
		if strings.HasSuffix(text, "*") {
			if patterns++; patterns > MaxHeaderPatterns {
				return "", &values.Mistake{Problem: "is one pattern too many", Cure: "use at most " + strconv.Itoa(MaxHeaderPatterns)}
			}
		}
		return http.CanonicalHeaderKey(text), nil
	})
}

func (f *fieldReader) csp() {
	switch text, ok := f.string(); {
	case !ok:
	case text == "own":
		f.row.OwnCSP = true
	case text != "api":
		f.refuse(text, "is unknown", f.form)
	}
}
