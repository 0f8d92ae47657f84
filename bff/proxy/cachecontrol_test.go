package proxy

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestCacheControl(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		api  []string
		want string
	}{
		{"no header", nil, "no-store"},
		{"an empty one", []string{"", " , "}, "no-store"},
		{"max-age alone", []string{"max-age=60"}, "private, max-age=60"},
		{"must-revalidate alone", []string{"must-revalidate"}, "private, must-revalidate"},
		{"must-revalidate with an age", []string{"max-age=0, must-revalidate"}, "private, max-age=0, must-revalidate"},
		{"no-cache alone", []string{"no-cache"}, "private, no-cache"},
		{"no-store alone", []string{"No-Store"}, "no-store"},
		{"no-store that another directive would undo", []string{"no-store, must-understand, max-age=60"}, "private, no-store, must-understand, max-age=60"},
		{"its own, to the letter", []string{"No-Cache ,max-age=0"}, "private, No-Cache, max-age=0"},
		{"its own private first", []string{"private, max-age=60"}, "private, max-age=60"},
		{"its own private at the end", []string{"max-age=60, Private"}, "private, max-age=60"},
		{"its own extension", []string{`ext="a, public", immutable`}, `private, ext="a, public", immutable`},
		{"public", []string{"public"}, "private"},
		{"public with more", []string{"public, max-age=60, immutable"}, "private, max-age=60, immutable"},
		{"public in any case", []string{"max-age=60,PuBlIc"}, "private, max-age=60"},
		{"public with a value", []string{"public=1, max-age=60"}, "private, max-age=60"},
		{"s-maxage", []string{"max-age=1, S-MaxAge=60"}, "private, max-age=1"},
		{"a quoted s-maxage", []string{`s-maxage="60"`}, "private"},
		{"proxy-revalidate", []string{"max-age=1, proxy-revalidate"}, "private, max-age=1"},
		{"both", []string{"public, s-maxage=60"}, "private"},
		{"several lines", []string{"max-age=60", "public"}, "private, max-age=60"},
		{"several lines of its own", []string{"max-age=60", "no-transform"}, "private, max-age=60, no-transform"},
		{"public and private", []string{"private, public"}, "private"},
		{"private fields only", []string{`private="set-cookie, x", max-age=60`}, "private, max-age=60"},
		{"private fields of nothing", []string{`private=""`}, "private"},
		{"no-store and public", []string{"public, no-store"}, "no-store"},
		{"a word in a quoted string", []string{`no-cache="public, s-maxage=1"`}, `private, no-cache="public, s-maxage=1"`},
		{"an escaped quote", []string{`ext="a\", public", max-age=1`}, `private, ext="a\", public", max-age=1`},
		{"a string without an end", []string{`no-cache="x, public`}, "no-store"},
		{"a string in the middle", []string{`max-age="1"public`}, "no-store"},
		{"semicolons", []string{"public; max-age=60"}, "no-store"},
		{"spaces", []string{"public max-age=60"}, "no-store"},
		{"a value without a name", []string{"=60"}, "no-store"},
		{"no value", []string{"max-age="}, "no-store"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, _ := browserCaching(test.api); got != test.want {
				t.Errorf("%q: got %q, want %q", test.api, got, test.want)
			}
		})
	}
}

func TestExpiresNeedsACacheControl(t *testing.T) {
	t.Parallel()
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Expires", "Tue, 15 Nov 2044 12:45:26 GMT")
		if cc := req.URL.RawQuery; cc != "" {
			w.Header().Set("Cache-Control", cc)
		}
	}))
	for query, want := range map[string]string{"": "", "public": "Tue, 15 Nov 2044 12:45:26 GMT"} {
		res, _ := r.get("/api/proxy/x?" + query)
		if got := res.Header.Get("Expires"); got != want {
			t.Errorf("with Cache-Control %q: got Expires %q, want %q", query, got, want)
		}
	}
}

// TestAnswersDependOnTheCookie: with any Vary of the API, a browser never shows a stored
// answer to another user.
func TestAnswersDependOnTheCookie(t *testing.T) {
	t.Parallel()
	for api, want := range map[string][]string{
		"":                                       {"Origin", "Cookie"},
		"Vary: Authorization\n":                  {"Origin", "Cookie"},
		"Vary: authorization, Accept-Encoding\n": {"Origin", "Cookie, Accept-Encoding"},
		"Vary: Accept\nVary: AUTHORIZATION\n":    {"Origin", "Cookie, Accept"},
		"Vary: cookie,Accept, accept\n":          {"Origin", "Cookie, Accept"},
		"Vary: origin, , Accept\n":               {"Origin", "Cookie, Accept"},
		"Vary: Accept\nVary: Origin\nVary: *\n":  {"Origin", "Cookie, Accept, *"},
		"Vary: X-Authorization\nVary: A\tB, C\n": {"Origin", "Cookie, X-Authorization, A\tB, C"},
	} {
		for _, status := range []string{"200 OK", "304 Not Modified", "404 Not Found", "500 Oh"} {
			r := newRig(t, rawAPI(t, answering("HTTP/1.1 "+status+"\nCache-Control: max-age=60\n"+api+"Content-Length: 0\n\n")))
			res, _ := r.do(r.request(t.Context(), "HEAD", "/api/proxy/x", nil))
			if got := res.Header["Vary"]; !slices.Equal(got, want) {
				t.Errorf("%s with %q: got %q, want %q", status, api, got, want)
			}
			if got := res.Header.Get("Cache-Control"); got != "private, max-age=60" {
				t.Errorf("%s: got Cache-Control %q", status, got)
			}
		}
	}
}

// FuzzVary checks that every answer varies by Cookie, that none varies by Authorization
// (which browsers do not send), and that no other name is lost.
func FuzzVary(f *testing.F) {
	f.Add("Authorization", "*")
	f.Add("accept,COOKIE", " , authorization ,x")
	f.Fuzz(func(t *testing.T, one, two string) {
		got := splitList(browserVary([]string{one, two})[0])
		if !contains(got, "Cookie") || contains(got, "Authorization") {
			t.Errorf("%q, %q: got %q", one, two, got)
		}
		for _, name := range strings.Split(one+","+two, ",") {
			if name = strings.Trim(name, " \t"); strings.Contains(name, `"`) || name == "" {
				continue
			}
			if !strings.EqualFold(name, "Authorization") && !strings.Contains(one+two, `"`) && !contains(got, name) {
				t.Errorf("%q, %q: got %q without %q", one, two, got, name)
			}
		}
	})
}

// FuzzCacheControl checks that no answer becomes storable for shared caches,
// and that everything the API forbids stays forbidden.
func FuzzCacheControl(f *testing.F) {
	for _, seed := range []string{"", "public", "max-age=60, s-maxage=1", `private="a, b", public`, `ext="\"", PUBLIC`, "public;x"} {
		f.Add(seed, "")
		f.Add("no-store", seed)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		got, _ := browserCaching([]string{one, two})
		var names []string
		for _, d := range splitList(got) {
			name, ok := directiveName(d)
			if !ok {
				t.Fatalf("%q, %q: got %q, which is malformed", one, two, got)
			}
			names = append(names, strings.ToLower(name))
		}
		if slices.Contains(names, "public") || slices.Contains(names, "s-maxage") {
			t.Errorf("%q, %q: got %q", one, two, got)
		}
		if got != "no-store" && !strings.HasPrefix(got+",", "private,") {
			t.Errorf("%q, %q: got %q, want it private without a condition", one, two, got)
		}
		if strings.EqualFold(one, "no-store") && !slices.Contains(names, "no-store") {
			t.Errorf("%q, %q: got %q without no-store", one, two, got)
		}
		if again, _ := browserCaching([]string{got}); again != got {
			t.Errorf("%q, %q: got %q, and %q from a second pass", one, two, got, again)
		}
	})
}

func BenchmarkCacheControl(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		limitCaching(http.Header{"Cache-Control": {"public, max-age=60"}})
	}
}
