package route

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// settings are the defaults of the tests: the BFF at app.example.com, in front of an API of
// its own.
func settings() Defaults {
	return Defaults{
		Public:    &url.URL{Scheme: "https", Host: "app.example.com"},
		Listen:    []string{"localhost:3000", "localhost:9090"},
		Backend:   &url.URL{Scheme: "http", Host: "localhost:8000"},
		Audience:  "tasks",
		BodyLimit: 10 << 20,
		Timeout:   30 * time.Second,
	}
}

// withMember returns a table of one valid route, and a member.
func withMember(member string) string {
	return `[{"path":"/api/a/","upstream":"https://a.internal/","audience":"a",` + member + `}]`
}

// wrong is a text with one mistake. In the text, ¦ marks the place that must be named.
type wrong struct{ text, place, problem string }

// wrongTexts returns texts with one mistake each.
func wrongTexts() []wrong {
	long := strings.Repeat("a", 250)
	return []wrong{
		// the text as a whole
		{`¦`, "", "not complete"},
		{`[{"path":"/api/a/"}¦`, "", "not complete"},
		{`¦{"path":"/api/a/"}`, "", "is an object, not an array"},
		{`¦null`, "", "is null, not an array"},
		{`¦[]`, "", "has no routes"},
		{`[{"path":"/api/a/"}] ¦[]`, "", "more text after its array"},
		{`[{"path":"/api/a/"}] ¦}`, "", "more text after its array"},
		{`[{"path":"/api/a/"¦,}]`, "", "remove the comma"},
		{"[{\"path\":\"/api/a/\"}¦,\n]", "", "remove the comma"},
		{`[{¦'path':"/api/a/"}]`, "", "double quotes"},
		{"[\n ¦// ours\n {\"path\":\"/api/a/\"}]", "", "comment"},
		{"[{\"path\":\"/api/¦\xff/\"}]", "", "not valid JSON"},
		{`[` + strings.Repeat(`{},`, maxRoutes) + `¦{}]`, "[200]", "one route too many of 201"},
		{`¦` + strings.Repeat(" ", MaxText+1), "", "has more than 1048576 bytes"},
		// the members of a route
		{`[{"path":"/api/a/"},¦"/api/b/"]`, "[1]", "is a string, not an object"},
		{`[¦{}]`, "[0]", "lacks a path"},
		{"[{\"path\":\"/api/a/\",\n  ¦\"upstraem\":\"https://a.internal/\"}]", "[0]", `unknown member; write upstream`},
		{withMember(`¦"bodyLimit":0`), "[0]", "write body_limit"},
		{withMember(`¦"strip_path":true`), "[0]", "write keep_path"},
		{withMember(`¦"retries":2`), "[0]", "use path, upstream"},
		{withMember(`¦"audience":"b"`), "[0].audience", "is there twice"},
		{withMember(`¦"\u0061udience":"b"`), "[0].audience", "is there twice"},
		{`[{"path":"/api/a/","upstream":¦null}]`, "[0].upstream", "is null, not a string"},
		{`[{"path":¦7}]`, "[0].path", "is a number, not a string"},
		{withMember(`"methods":¦"GET"`), "[0].methods", "is a string, not an array"},
		{withMember(`"methods":["GET",¦1]`), "[0].methods[1]", "is a number, not a string"},
		{withMember(`"websocket":¦"true"`), "[0].websocket", "is a string, not a boolean"},
		{withMember(`"me":¦1`), "[0].me", "is a number, not a boolean"},
		{withMember(`"paths":[¦{"a":[[[]]]}]`), "[0].paths[0]", "is an object, not a string"},
		// path
		{`[{"path":¦"/billing/"}]`, "[0].path", "is not below /api/"},
		{`[{"path":¦"/API/billing/"}]`, "[0].path", "is not below /api/"},
		{`[{"path":¦"/api/billing"}]`, "[0].path", "write /api/billing/"},
		{`[{"path":¦"/api/"}]`, "[0].path", "all paths of the BFF"},
		{`[{"path":¦"/api/auth/"}]`, "[0].path", "belongs to the BFF"},
		{`[{"path":¦"/api/Auth/sign-in/"}]`, "[0].path", "belongs to the BFF"},
		{`[{"path":¦"/api/docs/"}]`, "[0].path", "belongs to the BFF"},
		{`[{"path":¦"/api/openapi.json/"}]`, "[0].path", "belongs to the BFF"},
		{`[{"path":¦"/api/%61uth/"}]`, "[0].path", "has an escape"},
		{`[{"path":¦"/api/a/*"}]`, "[0].path", "leave it out"},
		{`[{"path":¦"/api/a;x/"}]`, "[0].path", "has a character"},
		{`[{"path":¦"/api//a/"}]`, "[0].path", "empty segment"},
		{`[{"path":¦"/api/a/../b/"}]`, "[0].path", "dot segment"},
		{`[{"path":¦"/api/a./b/"}]`, "[0].path", "a dot at its end"},
		{`[{"path":¦"/api/` + long + `/"}]`, "[0].path", "too long"},
		// upstream
		{`[{"path":"/api/a/","audience":"a","upstream":¦"a.internal"}]`, "[0].upstream", "does not start with http"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"http://a.internal/"}]`, "[0].upstream", "use https"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"http://10.0.0.7/"}]`, "[0].upstream", "use https"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"http://localhost.evil.example/"}]`, "[0].upstream", "use https"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"https://u:pw@a.internal/"}]`, "[0].upstream", "user name or password"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"https://a.internal/?key=1"}]`, "[0].upstream", "has a query"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"https://a.internal/#x"}]`, "[0].upstream", "has a fragment"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"https://a.internal/a/../b/"}]`, "[0].upstream", "dots or empty segments"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"https://a.internal//"}]`, "[0].upstream", "dots or empty segments"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"https://a.internal/a%2Fb/"}]`, "[0].upstream", "escapes"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"https://a..internal/"}]`, "[0].upstream", "empty part"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"https://a.internal:0/"}]`, "[0].upstream", "invalid port"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"https://app.example.com/api/"}]`, "[0].upstream", "call itself"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"https://APP.example.com:443/"}]`, "[0].upstream", "call itself"},
		{`[{"path":"/api/a/","audience":"a","upstream":¦"http://127.0.0.1:3000/"}]`, "[0].upstream", "call itself"},
		{withMember(`"allow_http":¦true`), "[0].allow_http", "has no effect"},
		{`[{"path":"/api/a/","audience":"a","upstream":"http://localhost:9/","allow_http":¦true}]`, "[0].allow_http", "has no effect"},
		{`[{"path":"/api/a/","allow_http":¦true}]`, "[0].allow_http", "has no effect"},
		// the token
		{`[¦{"path":"/api/a/","upstream":"https://a.internal/"}]`, "[0]", "lacks an audience"},
		{`[¦{"path":"/api/a/","upstream":"https://a.internal/","session":"optional"}]`, "[0]", "lacks an audience"},
		{`[{"path":"/api/a/","audience":¦" a"}]`, "[0].audience", "white space"},
		{`[{"path":"/api/a/","audience":¦""}]`, "[0].audience", "is empty"},
		{withMember(`"scope":¦"orders:read  orders:write"`), "[0].scope", "a space too many"},
		{withMember(`"scope":¦""`), "[0].scope", "is empty"},
		{withMember(`"scope":¦"größe"`), "[0].scope", "invalid character"},
		{withMember(`"scope":¦"a b a"`), "[0].scope", "a word twice"},
		{withMember(`"scope":¦"` + strings.Repeat(long+" ", 4) + `b"`), "[0].scope", "too long"},
		{withMember(`"claims":["email",¦"password"]`), "[0].claims[1]", "not a claim"},
		{withMember(`"claims":["email",¦"email"]`), "[0].claims[1]", "listed twice"},
		{withMember(`"session":¦"maybe"`), "[0].session", "is unknown"},
		{`[{"path":"/api/a/","upstream":"https://a.internal/","session":"none","claims":¦["email"]}]`, "[0].claims", "no effect without a session"},
		{`[{"path":"/api/a/","upstream":"https://a.internal/","session":"none","audience":¦"a"}]`, "[0].audience", "no effect without a session"},
		{`[{"path":"/api/a/","upstream":"https://a.internal/","session":"none","scope":¦"a"}]`, "[0].scope", "no effect without a session"},
		{`[{"path":"/api/a/","upstream":"https://a.internal/","session":"none","me":¦true}]`, "[0].me", "no effect without a session"},
		// what may be called
		{withMember(`"methods":¦[]`), "[0].methods", "is empty"},
		{withMember(`"methods":["GET",¦"get"]`), "[0].methods[1]", "not a method"},
		{withMember(`"methods":[¦"TRACE"]`), "[0].methods[0]", "not a method"},
		{withMember(`"methods":["PUT",¦"PUT"]`), "[0].methods[1]", "listed twice"},
		{withMember(`"paths":¦[]`), "[0].paths", "is empty"},
		{withMember(`"paths":["orders",¦"orders/"]`), "[0].paths[1]", "listed twice"},
		{withMember(`"paths":[¦""]`), "[0].paths[0]", "is empty"},
		{withMember(`"paths":[¦"/orders"]`), "[0].paths[0]", "begins with a slash"},
		{withMember(`"paths":[¦"a//b"]`), "[0].paths[0]", "empty segment"},
		{withMember(`"paths":[¦"a/../b"]`), "[0].paths[0]", "dot segment"},
		{withMember(`"paths":[¦"a/..;x/b"]`), "[0].paths[0]", "dot segment"},
		{withMember(`"paths":[¦"**/b"]`), "[0].paths[0]", "before its end"},
		{withMember(`"paths":[¦"a*"]`), "[0].paths[0]", "inside a segment"},
		{withMember(`"paths":[¦"caf%C3%A9"]`), "[0].paths[0]", "has a %"},
		{withMember(`"paths":[¦"a?b=c"]`), "[0].paths[0]", "query"},
		{withMember(`"paths":[¦"a\\b"]`), "[0].paths[0]", "backslash"},
		{withMember(`"paths":[¦"orders/:id"]`), "[0].paths[0]", "write *"},
		{withMember(`"paths":[¦"orders/{id}/lines"]`), "[0].paths[0]", "write *"},
		{withMember(`"paths":[¦"files/{name}.pdf"]`), "[0].paths[0]", "write *"},
		{withMember(`"paths":[¦"orders/<int:id>"]`), "[0].paths[0]", "write *"},
		{withMember(`"paths":[¦"^orders"]`), "[0].paths[0]", "regular expression"},
		{withMember(`"paths":[¦"orders$"]`), "[0].paths[0]", "regular expression"},
		{withMember(`"paths":[¦"` + long + `/aaaaa"]`), "[0].paths[0]", "too long"},
		// limits
		{withMember(`"body_limit":¦"10M"`), "[0].body_limit", "is not a size"},
		{withMember(`"body_limit":¦-1`), "[0].body_limit", "not a whole number"},
		{withMember(`"body_limit":¦1e6`), "[0].body_limit", "not a whole number"},
		{withMember(`"body_limit":¦true`), "[0].body_limit", "is a boolean"},
		{withMember(`"timeout":¦30`), "[0].timeout", "has no unit"},
		{withMember(`"timeout":¦"2h"`), "[0].timeout", "is too long"},
		{withMember(`"timeout":¦"-1s"`), "[0].timeout", "is too short"},
		// headers and hosts
		{withMember(`"forward_headers":[¦"Cookie"]`), "[0].forward_headers[0]", "must not be forwarded"},
		{withMember(`"forward_headers":[¦"X-F*"]`), "[0].forward_headers[0]", "written like X-My-*"},
		{withMember(`"forward_headers":["X-A",¦"x-a"]`), "[0].forward_headers[1]", "listed twice"},
		{withMember(`"redirects":[¦"https://files.example.com"]`), "[0].redirects[0]", "has a scheme"},
		{withMember(`"redirects":[¦"*.example.com"]`), "[0].redirects[0]", "wildcard"},
		{withMember(`"redirects":[¦"files.example.com/x"]`), "[0].redirects[0]", "is not a host"},
		{withMember(`"redirects":[¦"u@files.example.com"]`), "[0].redirects[0]", "is not a host"},
		{withMember(`"redirects":[¦"files.example.com:99999"]`), "[0].redirects[0]", "invalid port"},
		{withMember(`"redirects":[¦"127.1"]`), "[0].redirects[0]", "IPv4"},
		{withMember(`"redirects":["a.example",¦"A.example:443"]`), "[0].redirects[1]", "listed twice"},
		{withMember(`"redirects":[¦"app.example.com"]`), "[0].redirects[0]", "BFF's own host"},
		{withMember(`"csp":¦"none"`), "[0].csp", "is unknown"},
		{withMember(`"methods":["POST"],"websocket":¦true`), "[0].websocket", "begins with GET"},
		// several routes
		{"[{\"path\":\"/api/a/\"},\n{\"path\":¦\"/api/a/\"}]", "[1].path", "the path of [0] too"},
		{`[{"path":"/api/a/"},{"path":¦"/api/A/"}]`, "[1].path", "only in case"},
		{`[{"path":"/api/a/"},{"path":¦"/api/A/b/"}]`, "[1].path", "is below the path of [0] for servers that ignore case"},
		{`[{"path":"/api/A/b/"},{"path":¦"/api/a/"}]`, "[1].path", "is above the path of [0] for servers that ignore case"},
		{`[{"path":"/api/a/","paths":["x",¦"admin/*"]},{"path":"/api/a/admin/"}]`, "[0].paths[1]", "never matches"},
	}
}

func TestEachMistakeIsNamedWithItsPlace(t *testing.T) {
	t.Parallel()
	for i, tt := range wrongTexts() {
		before, after, _ := strings.Cut(tt.text, "¦")
		text := before + after
		t.Run(fmt.Sprintf("%d %.80s", i, text), func(t *testing.T) {
			table, faults := Parse([]byte(text), settings())
			if table != nil || len(faults) != 1 {
				t.Fatalf("got table %v and %d faults, want one fault: %+v", table, len(faults), faults)
			}
			got := faults[0]
			line, column := 1+strings.Count(before, "\n"), len(before)-strings.LastIndex(before, "\n")
			if got.Place != tt.place || got.Line != line || got.Column != column {
				t.Errorf("got place %q at %d:%d, want %q at %d:%d", got.Place, got.Line, got.Column, tt.place, line, column)
			}
			if message := got.Problem + "; " + got.Cure; !strings.Contains(message, tt.problem) || got.Cure == "" || strings.ContainsAny(message, "\n\r\x00") {
				t.Errorf("got %q, want one line with %q and a cure", message, tt.problem)
			}
		})
	}
}

func TestTheTaskAPIRequiresItsAudience(t *testing.T) {
	t.Parallel()
	d := settings()
	d.Backend = nil
	if _, faults := Parse([]byte(`[{"path":"/api/a/","audience":"other"}]`), d); len(faults) != 1 || faults[0].Place != "[0].audience" {
		t.Errorf("got %+v, want a fault of the audience", faults)
	}
	if _, faults := Parse([]byte(`[{"path":"/api/a/","audience":"tasks"}]`), d); faults != nil {
		t.Errorf("got %+v, want none", faults)
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	text := "[{\"path\":\"/billing/\",\"session\":\"no\"},\n {\"upstream\":\"x\",\"pat\":1}]"
	_, faults := Parse([]byte(text), settings())
	var places []string
	for _, f := range faults {
		places = append(places, fmt.Sprintf("%d:%d %s %s", f.Line, f.Column, f.Place, f.Value))
	}
	want := []string{`1:10 [0].path /billing/`, `1:32 [0].session no`, `2:2 [1] `, `2:2 [1] `, `2:14 [1].upstream x`, `2:18 [1] pat`}
	if fmt.Sprint(places) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", places, want)
	}
}

func TestTheReportIsBounded(t *testing.T) {
	t.Parallel()
	text := "[" + strings.Repeat(`{"a":1,"b":2,"c":3},`, maxRoutes-1) + `{}]`
	_, faults := Parse([]byte(text), settings())
	if len(faults) != maxFaults+1 || !strings.Contains(faults[maxFaults].Problem, "more mistakes") {
		t.Errorf("got %d faults, the last %+v", len(faults), faults[len(faults)-1])
	}
}

func TestAByteOrderMarkIsSkipped(t *testing.T) {
	t.Parallel()
	table, faults := Parse(append([]byte("\ufeff"), `[{"path":"/api/a/"}]`...), settings())
	if faults != nil || len(table) != 1 {
		t.Errorf("got %v, %+v", table, faults)
	}
	text := []byte("\ufeff[]")
	before := bytes.Clone(text)
	if Parse(text, settings()); !bytes.Equal(text, before) {
		t.Error("the text was changed")
	}
}
