package route

import (
	"testing"
)

func mustPattern(t testing.TB, text string) Pattern {
	t.Helper()
	p, m := ParsePattern(text)
	if m != nil {
		t.Fatalf("%s: got %v", text, *m)
	}
	return p
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for pattern, paths := range map[string]struct{ match, refuse []string }{
		"/":               {[]string{""}, []string{"a", "a/"}},
		"orders":          {[]string{"orders", "orders/", "%6Frders", "%6frders/"}, []string{"", "order", "orderss", "orders/1", "Orders", "orders;x=1", "orders%", "orders%2", "%6Frder"}},
		"orders/":         {[]string{"orders", "orders/"}, []string{"orders/1"}},
		"orders/*":        {[]string{"orders/1", "orders/1/", "orders/caf%C3%A9", "orders/*", "orders/1;v=2"}, []string{"orders", "orders/", "orders/1/2", "a/orders/1"}},
		"*":               {[]string{"a", "a/"}, []string{"", "a/b"}},
		"*/lines/*":       {[]string{"1/lines/2"}, []string{"1/line/2", "1/lines", "1/lines/"}},
		"orders/**":       {[]string{"orders", "orders/", "orders/1", "orders/1/2/3/"}, []string{"", "order", "orders-old", "x/orders"}},
		"*/**":            {[]string{"a", "a/", "a/b/c"}, []string{""}},
		"**":              {[]string{"", "a", "a/b/"}, nil},
		"café/a b":        {[]string{"caf%C3%A9/a%20b", "caf%c3%a9/a%20b/"}, []string{"cafe/a%20b", "caf%C3%A9/a+b", "caf%E9/a%20b"}},
		"a.b/~c/d-e/f_g":  {[]string{"a.b/~c/d-e/f_g", "a%2Eb/%7Ec/d%2De/f%5Fg"}, []string{"axb/~c/d-e/f_g"}},
		"docs:get/$count": {[]string{"docs:get/$count", "docs%3Aget/%24count"}, []string{"docs/$count"}},
		"a;v=1":           {[]string{"a;v=1", "a%3Bv=1"}, []string{"a", "a;v=2"}},
	} {
		p := mustPattern(t, pattern)
		if p.String() != pattern {
			t.Errorf("got text %q, want %q", p.String(), pattern)
		}
		for _, path := range paths.match {
			if !p.Match(path) {
				t.Errorf("%s refuses %q", pattern, path)
			}
		}
		for _, path := range paths.refuse {
			if p.Match(path) {
				t.Errorf("%s takes %q", pattern, path)
			}
		}
	}
}
