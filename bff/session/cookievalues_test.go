package session

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// FuzzCookieValues compares our reading of cookies with net/http's.
func FuzzCookieValues(f *testing.F) {
	for _, seed := range []string{
		"", "sid=a", "sid=a; sid=b", " sid = a ;sid", `sid="a"`, `sid="a`, "sid=a b;\tsid=c\r", "x=sid; Sid=1; sid==", "sid=\x7f; sid=\\; sid=ok",
		";;sid=a;;", "sid=a,sid=b", "=sid; sid=", strings.Repeat("sid=a;", 2999) + "sid=b", strings.Repeat(";", 3000),
	} {
		f.Add(seed, "")
		f.Add("sid=first", seed)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		r := &http.Request{Header: http.Header{"Cookie": {one, two}}}
		var want, got []string
		for _, cookie := range r.CookiesNamed("sid") {
			want = append(want, cookie.Value)
		}
		values := valuesOf(r.Header, "sid")
		for value, ok := values.next(); ok; value, ok = values.next() {
			got = append(got, value)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, %q: got %q, want %q", one, two, got, want)
		}
	})
}
