package route

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"vestibule/internal/web"
)

// FuzzParse checks that every text is either refused, with a place inside the text, or is a
// table in which each route is found by its own path.
func FuzzParse(f *testing.F) {
	for _, tt := range wrongTexts() {
		if len(tt.text) < 1000 {
			f.Add(strings.Replace(tt.text, "¦", "", 1))
		}
	}
	f.Add(`[{"path":"/api/a/"},{"path":"/api/a/b/","upstream":"https://x/","session":"none","paths":["*/x/**"],"methods":["GET"]}]`)
	f.Fuzz(func(t *testing.T, text string) {
		table, faults := Parse([]byte(text), settings())
		lines := strings.Split(text, "\n")
		for _, fault := range faults {
			if fault.Line < 1 || fault.Line > len(lines) || fault.Column < 1 || fault.Column > len(lines[fault.Line-1])+1 {
				t.Errorf("got place %d:%d, which is not in the text", fault.Line, fault.Column)
			}
			if message := fault.Place + fault.Problem + fault.Cure; fault.Problem == "" || fault.Cure == "" || !utf8.ValidString(message) || strings.ContainsAny(message, "\n\r\x00") {
				t.Errorf("got %+v", fault)
			}
		}
		if faults == nil && len(table) == 0 || faults != nil && table != nil {
			t.Errorf("got %d routes and %d faults", len(table), len(faults))
		}
		for i, r := range table {
			if found := table.Find(r.Path); found != &table[i] {
				t.Errorf("got %v for the path of %s", found, r.Path)
			}
			if i > 0 && len(r.Path) > len(table[i-1].Path) {
				t.Errorf("%s comes after a shorter path", r.Path)
			}
			if !strings.HasSuffix(r.Base(settings().Backend).EscapedPath(), "/") || IsOwn(r.Path) {
				t.Errorf("got route %+v", r)
			}
		}
	})
}

// FuzzFind checks that no spelling of a path leads past the rules of a longer route: if a
// lenient server reads it as one of the longer route, the shorter one does not take it.
func FuzzFind(f *testing.F) {
	for _, path := range []string{"/api/shop/x", "/api/shop/%61dmin/x", "/api/shop/admin", "/api/shop/ADMIN;a/x", "/api/shop/%2561dmin/", "/api/shop/a%64m%69n%3B/x"} {
		f.Add(path)
	}
	table := New(Route{Path: "/api/shop/"}, Route{Path: "/api/shop/admin/"})
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || web.CheckPath(&http.Request{URL: u}) != nil {
			return
		}
		found := table.Find(u.EscapedPath())
		if found == nil || found.Path != "/api/shop/" {
			return
		}
		var plain []string
		for segment := range strings.SplitSeq(strings.ToLower(u.Path), "/") {
			name, _, _ := strings.Cut(segment, ";")
			if name = strings.TrimRight(name, ". "); name != "" {
				plain = append(plain, name)
			}
		}
		if lenient := "/" + strings.Join(plain, "/") + "/"; strings.HasPrefix(lenient, "/api/shop/admin/") {
			t.Errorf("%s is taken by %s", path, found.Path)
		}
	})
}

// FuzzPattern compares Match with a simple reading of the decoded path.
func FuzzPattern(f *testing.F) {
	for _, s := range [][2]string{{"orders/*", "orders/1"}, {"a/**", "a/b%20c/"}, {"/", ""}, {"café", "caf%C3%A9"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		p, m := ParsePattern(text)
		u, err := url.ParseRequestURI("/" + path)
		if m != nil || err != nil || u.RawQuery != "" || web.CheckPath(&http.Request{URL: u}) != nil {
			return
		}
		rest := strings.TrimPrefix(u.EscapedPath(), "/")
		if got, want := p.Match(rest), simpleMatch(text, strings.TrimPrefix(u.Path, "/")); got != want {
			t.Errorf("pattern %q, path %q: got %v, want %v", text, rest, got, want)
		}
	})
}

func simpleMatch(pattern, path string) bool {
	split := func(s string) []string {
		if s = strings.TrimSuffix(s, "/"); s == "" {
			return nil
		}
		return strings.Split(s, "/")
	}
	want, got := split(pattern), split(path)
	if n := len(want); n > 0 && want[n-1] == "**" {
		if want = want[:n-1]; len(got) > len(want) {
			got = got[:len(want)]
		}
	}
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != got[i] {
			return false
		}
	}
	return true
}
