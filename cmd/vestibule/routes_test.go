package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"vestibule/bff/route"
	"vestibule/internal/settings"
)

const shopRoutes = `[
	{"path":"/api/proxy/","websocket":true},
	{"path":"/api/shop/","upstream":"https://shop.internal/v2/","audience":"shop","scope":"orders:read","claims":["email"],
	 "methods":["GET","POST"],"paths":["orders/*","users/**"],"body_limit":"1MiB","timeout":"5s","forward_headers":["X-Tenant"],"redirects":["files.example.com"],"me":true},
	{"path":"/api/shop/public/","upstream":"https://shop.internal/public/","session":"none","keep_path":true,"csp":"own","body_limit":0,"timeout":0}
]`

// explained runs vestibule routes with shopRoutes.
func explained(t *testing.T, args string) string {
	t.Helper()
	code, stdout, stderr := once(t, "routes "+args, settings.Environment{"ROUTES": shopRoutes})
	if code != exitOK || stderr != "" {
		t.Fatalf("routes %s: got code %d, %s", args, code, stderr)
	}
	return stdout
}

// wantLines checks that each pattern matches a line; runs of spaces in the output count as two.
func wantLines(t *testing.T, got string, patterns ...string) {
	t.Helper()
	got = regexp.MustCompile(` {2,}`).ReplaceAllString(got, "  ")
	for _, pattern := range patterns {
		if !regexp.MustCompile("(?m)^" + pattern + "$").MatchString(got) {
			t.Errorf("got\n%s\nwant a line %q", got, pattern)
		}
	}
}

func TestRoutesPrintsTheTable(t *testing.T) {
	t.Parallel()
	wantLines(t, explained(t, ""),
		`/api/shop/public/`, `  goes to  https://shop.internal/public/api/shop/public/`, `  session  none; no token`, `  limits  no limit of the body, no timeout`, `  also  its own csp`,
		`/api/shop/`, `  goes to  https://shop.internal/v2/`, `  session  required; token for audience shop, scope orders:read, claims email`, `  methods  GET, HEAD, POST`,
		`  paths  orders/\*, users/\*\*`, `  limits  body of 1MiB, timeout of 5s`, `  headers  X-Tenant`, `  redirects  files.example.com`, `  also  me`,
		`/api/proxy/`, `  goes to  http://localhost:8000/api/ \(vestibule serve: inside the process\)`, `  session  required; token for audience fastapi-backend`,
		`  limits  body of 10MiB, timeout of 30s`, `  also  websocket`,
	)
	// Rules that a route has not are left out.
	code, stdout, stderr := once(t, "routes", settings.Environment{"BACKEND_URL": "http://api:9000/base"})
	if code != exitOK || stderr != "" {
		t.Fatalf("got code %d, %s", code, stderr)
	}
	const want = `/api/proxy/
  goes to  http://api:9000/base/api/
  session  required; token for audience fastapi-backend
  limits   body of 10MiB, timeout of 30s
  also     websocket
`
	if stdout != want {
		t.Errorf("got\n%s\nwant\n%s", stdout, want)
	}
}

// TestRoutesFitsOnATerminal, also a route that has many of everything.
func TestRoutesFitsOnATerminal(t *testing.T) {
	t.Parallel()
	many := func(pattern, between string) string {
		var all []string
		for i := range 40 {
			all = append(all, fmt.Sprintf(pattern, i))
		}
		return strings.Join(all, between)
	}
	list := func(pattern string) string { return `["` + many(pattern, `","`) + `"]` }
	env := settings.Environment{"ROUTES": `[{"path":"/api/shop/","upstream":"https://shop.internal/v2/","audience":"shop","claims":["email","email_verified","name"],"scope":"` + many("orders:%d", " ") + `",` +
		`"paths":` + list("orders/*/lines/%d") + `,"forward_headers":` + list("X-Tenant-%d") + `,"redirects":` + list("files%d.example.com") + `},
		{"path":"/api/other/","upstream":"https://other.internal/","audience":"shop"}]`}
	for _, args := range []string{"", " --explain", " /api/shop/orders/1", " http://evil.example/API/shop/x"} {
		code, stdout, stderr := once(t, "routes"+args, env)
		if code != exitOK || stderr != "" || strings.Count(stdout, "\n") < 3 {
			t.Fatalf("%s: got code %d, %q, %s", args, code, stdout, stderr)
		}
		for line := range strings.Lines(stdout) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 120 {
				t.Errorf("%s: got a line of %d columns: %s", args, n, line)
			}
		}
	}
}

// TestRoutesWarnsAboutASharedAudience: each of two APIs could use the tokens of users at the other.
func TestRoutesWarnsAboutASharedAudience(t *testing.T) {
	t.Parallel()
	env := settings.Environment{"ROUTES": `[{"path":"/api/a/","upstream":"https://a.internal/","audience":"x"},{"path":"/api/b/","upstream":"https://b.internal/","audience":"x"}]`}
	_, stdout, _ := once(t, "routes", env)
	wantLines(t, stdout, `warning  the routes /api/a/ and /api/b/ lead to different servers and share the audience x, so each of these APIs can`)
	_, stdout, _ = once(t, "routes --json", env)
	for _, want := range []string{`"shares_audience_with":["/api/b/"]}`, `"shares_audience_with":["/api/a/"]}`} {
		if !strings.Contains(stdout, want) {
			t.Errorf("got %s, want %s", stdout, want)
		}
	}
	if got := explained(t, ""); strings.Contains(got, "warning") {
		t.Errorf("got a warning without a reason: %s", got)
	}
}

func TestRoutesPrintsJSON(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(explained(t, "--json")), "\n")
	if len(lines) != 3 {
		t.Fatalf("got %q", lines)
	}
	want := `{"path":"/api/shop/","upstream":"https://shop.internal/v2/","allow_http":false,"keep_path":false,"target":"https://shop.internal/v2/","session":"required","audience":"shop","scope":"orders:read",` +
		`"claims":["email"],"methods":["GET","HEAD","POST"],"paths":["orders/*","users/**"],"body_limit":1048576,"timeout":"5s","forward_headers":["X-Tenant"],"redirects":["files.example.com"],` +
		`"csp":"api","websocket":false,"me":true,"shares_audience_with":[]}`
	if lines[2] != want {
		t.Errorf("got %s, want %s", lines[2], want)
	}
}

func TestRoutesNamesEveryMemberOfARoute(t *testing.T) {
	t.Parallel()
	env := settings.Environment{"ROUTES": `[{"path":"/api/chat/","upstream":"http://chat:8080/","audience":"chat","allow_http":true}]`}
	_, stdout, _ := once(t, "routes", env)
	wantLines(t, stdout, `  also  allow_http`)
	_, stdout, _ = once(t, "routes --json", env)
	for _, member := range append(route.Members(), `allow_http":true,"keep_path`) {
		if !strings.Contains(stdout, `"`+member+`":`) {
			t.Errorf("got %s, want %s in it", stdout, member)
		}
	}
}

func TestRoutesSaysWhichRouteTakesAURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		want []string
	}{
		{"/api/shop/orders/7?a=b", []string{
			`request  GET /api/shop/orders/7\?a=b`,
			`route  /api/shop/: its path is the only one with which the URL begins`,
			`goes to  GET https://shop.internal/v2/orders/7\?a=b`,
			`session  required; token for audience shop, scope orders:read, claims email`,
			`limits  body of 1MiB, timeout of 5s`,
		}},
		{"https://app.example.com/api/shop/users/me/cart#top", []string{
			`address  not ours: https://app.example.com is not BASE_URL, which is http://localhost:3000. The rest is what happens to`,
			`goes to  GET https://shop.internal/v2/users/<user id>/cart`,
		}},
		{"/api/shop/public/x", []string{
			`route  /api/shop/public/: its path is the longest with which the URL begins, before /api/shop/`,
			`goes to  GET https://shop.internal/public/api/shop/public/x`,
			`session  none; no token`,
			`limits  no limit of the body, no timeout`,
		}},
		{"/api/shop/orders/caf%C3%A9 --method=post", []string{`goes to  POST https://shop.internal/v2/orders/caf%C3%A9`}},
		{"/api/proxy/me/tasks", []string{`goes to  GET http://localhost:8000/api/me/tasks`}},
		{"/api/shop/admin", []string{`refused  404: paths of route /api/shop/ are orders/\*, users/\*\*`}},
		{"/api/shop/orders/7 --method=DELETE", []string{`refused  405: methods of route /api/shop/ are GET, HEAD, POST`}},
		{"/api/shop/orders/7 --method=TRACE", []string{`refused  405: .*TRACE.*`}},
		{"/api/shop/orders/..%2f7", []string{`refused  400: The request path contains an encoded slash\.`}},
		{"/api/shop/orders/7?a=%zz", []string{`refused  400: The query contains an invalid escape\.`}},
		{"/api/shop/%70ublic/x", []string{`route  none: only escapes like %2F and %61 differ from the path of the route /api/shop/public/: write it as it is`}},
		{"/api/shop/%70ublic/x^", []string{
			`request  GET /api/shop/%70ublic/x\^`,
			`route  /api/shop/public/: the URL begins with its path only after its escapes are decoded`,
			`refused  404: paths of every route have no escapes in the part that chooses the route`,
		}},
		{"/api/shop/orders/x%2Fcafé", []string{`request  GET /api/shop/orders/x%2Fcafé`, `refused  400: The request path contains an encoded slash\.`}},
		{"/api/shop/orders/a%2Cb{c}?", []string{`request  GET /api/shop/orders/a%2Cb{c}\?`, `goes to  GET https://shop.internal/v2/orders/a%2Cb%7Bc%7D`}},
		{"/api/shop%2Forders/7", []string{`route  none: only escapes like %2F and %61 differ from the path of the route /api/shop/: write it as it is`}},
		{"/api/Shop/orders/7", []string{`route  none: only upper and lower case differ from the path of the route /api/shop/, and case counts`}},
		{"/api/shop/PUBLIC/x", []string{`route  none: only upper and lower case differ from the path of the route /api/shop/public/, and case counts`}},
		{"/API/shop/x", []string{`route  none: only upper and lower case differ from the path of the route /api/shop/, and case counts`}},
		{"/api/shop;v=1/x", []string{`route  none: servers that decode escapes, ignore case, merge slashes, .*`}},
		{"/api//shop/x", []string{`route  none: servers that decode escapes, ignore case, merge slashes, .*`}},
		{"/api/shop/x%252Fy", []string{`route  none: it could be read as a path of a longer route than /api/shop/, because of an escape, .*`}},
		{"/api/shop", []string{`route  none: a slash is missing at its end: the path of the route is /api/shop/`}},
		{"/api/other/x", []string{`route  none: no route has a path with which the URL begins`}},
		{"/api/auth/get-session", []string{`route  none: it is a path of the BFF itself`}},
		{"/login", []string{`route  none: it is not below /api/, so it belongs to the app`}},
	} {
		wantLines(t, explained(t, tt.args), tt.want...)
	}
}

func TestRoutesPrintsAVerdictAsJSON(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"/api/shop/orders/7":                  `{"url":"/api/shop/orders/7","method":"GET","foreign_origin":null,"route":"/api/shop/","why":"its path is the only one with which the URL begins","target":"https://shop.internal/v2/orders/7","status":0,"rule":""}`,
		"/api/shop/orders/7 --method=DELETE":  `{"url":"/api/shop/orders/7","method":"DELETE","foreign_origin":null,"route":"/api/shop/","why":"its path is the only one with which the URL begins","target":null,"status":405,"rule":"methods of route /api/shop/ are GET, HEAD, POST"}`,
		"http://me@evil.example:80/api/none/": `{"url":"/api/none/","method":"GET","foreign_origin":"http://evil.example","route":null,"why":"no route has a path with which the URL begins","target":null,"status":404,"rule":""}`,
	} {
		if got := strings.TrimSpace(explained(t, args+" --json")); got != want {
			t.Errorf("%s: got %s, want %s", args, got, want)
		}
	}
}

func TestRoutesRefuses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"shop/orders":             "is not a URL of the BFF",
		"/api/x --method=A:B":     "is not a method",
		"--method=POST":           "--method needs a URL",
		"/api/x /api/y":           "unexpected argument",
		"--explain=x":             `--explain="x" is neither true nor false`,
		"/api/x --method=":        "--method has no value",
		"--header=,":              "--header has no value",
		"--web-dir=dist":          "unknown flag --web-dir",
		"--routes=[]":             "ROUTES:1:1 has no routes",
		`--routes=[{"path":"/"}]`: "ROUTES[0].path",
	} {
		code, stdout, stderr := once(t, "routes "+args, nil)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("routes %s: got code %d, %q, %q, want %q", args, code, stdout, stderr, want)
		}
	}
}
