package proxy

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestCacheControl(t *testing.T) {
	for _, test := range []struct {
		name string
		api  []string
		want string
	}{
		{"silence", nil, "no-store"},
		{"an empty one", []string{"", " , "}, "no-store"},
		{"its own", []string{"max-age=60"}, "max-age=60"},
		{"its own, to the letter", []string{"No-Cache ,max-age=0"}, "No-Cache ,max-age=0"},
		{"its own private", []string{"private, max-age=60"}, "private, max-age=60"},
		{"its own extension", []string{`ext="a, public", immutable`}, `ext="a, public", immutable`},
		{"public", []string{"public"}, "private"},
		{"public with more", []string{"public, max-age=60, immutable"}, "private, max-age=60, immutable"},
		{"public in any case", []string{"max-age=60,PuBlIc"}, "private, max-age=60"},
		{"public with a value", []string{"public=1, max-age=60"}, "private, max-age=60"},
		{"s-maxage", []string{"max-age=1, S-MaxAge=60"}, "private, max-age=1"},
		{"a quoted s-maxage", []string{`s-maxage="60"`}, "private"},
		{"both", []string{"public, s-maxage=60"}, "private"},
		{"several lines", []string{"max-age=60", "public"}, "private, max-age=60"},
		{"several lines of its own", []string{"max-age=60", "no-transform"}, "max-age=60, no-transform"},
		{"public and private", []string{"private, public"}, "private"},
		{"private fields only", []string{`public, private="set-cookie, x"`}, "private"},
		{"no-store and public", []string{"public, no-store"}, "private, no-store"},
		{"a word in a quoted string", []string{`no-cache="public, s-maxage=1"`}, `no-cache="public, s-maxage=1"`},
		{"an escaped quote", []string{`ext="a\", public", max-age=1`}, `ext="a\", public", max-age=1`},
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

// FuzzCacheControl checks that no answer becomes storable for shared caches,
// and that what the API forbids stays forbidden.
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
		if len(names) == 0 || slices.Contains(names, "public") || slices.Contains(names, "s-maxage") {
			t.Errorf("%q, %q: got %q", one, two, got)
		}
		if strings.EqualFold(one, "no-store") && !slices.Contains(names, "no-store") {
			t.Errorf("%q, %q: got %q without no-store", one, two, got)
		}
		if again, _ := browserCaching([]string{got}); again != got {
			t.Errorf("%q, %q: got %q, and of that %q", one, two, got, again)
		}
	})
}

func BenchmarkCacheControl(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		limitCaching(http.Header{"Cache-Control": {"public, max-age=60"}})
	}
}
