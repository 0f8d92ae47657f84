package web

import (
	"strings"
	"testing"
)

func TestARewrittenTagMatches(t *testing.T) {
	for _, tc := range []struct {
		header string
		known  bool // matches an answer with the ETag "ab-c"
	}{
		{`"ab-c"`, true}, {`W/"ab-c"`, true}, {`*`, true}, {` * `, true}, {`"x", "ab-c"`, true},
		{`"ab-c-gzip"`, true}, {`"ab-c-br"`, true}, {`"ab-c-zstd"`, true}, {`"ab-c-deflate"`, true},
		{`"ab-c--gzip"`, true}, {`W/"ab-c-gzip"`, true},
		{`"ab"`, false}, {`"ab-c-"`, false}, {`"ab-c-x"`, false}, {`"ab-c-GZIP"`, false}, {`"ab-cgzip"`, false}, {`"ab-c-gzip-br"`, false},
		{`"ab-c---gzip"`, false}, {`w/"ab-c"`, false}, {`ab-c`, false}, {`"ab-c`, false}, {``, false}, {`"ab-c" "x"`, false},
		{strings.Repeat(`"x",`, MaxTags) + `"ab-c"`, false},
	} {
		if got := Known([]string{tc.header}, `"ab-c"`); got != tc.known {
			t.Errorf("%s: got known %t, want %t", tc.header, got, tc.known)
		}
	}
	if !Known([]string{`"x"`, `"ab-c"`}, `"ab-c"`) {
		t.Error("got the second line passed over")
	}
	if Known(nil, `"ab-c"`) {
		t.Error("got a tag without a header")
	}
	// Our own tag that ends like a rewritten one.
	if !Known([]string{`"ab-br"`}, `"ab-br"`) || Known([]string{`"ab-br"`}, `"ab-gzip"`) {
		t.Error("got our own tag mistaken for another")
	}
}

func FuzzParseTags(f *testing.F) {
	for _, seed := range []string{`"1"`, `W/"1", "2"`, `*`, ``, `"`, `,,"a",`, `W/`, "\"\xff\"", `"1-gzip"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		tags, any, err := ParseTags([]string{list})
		if err != nil {
			return
		}
		if any == (len(tags) > 0) || len(tags) > MaxTags {
			t.Errorf("%q: got any %t and %d tags", list, any, len(tags))
		}
		for _, tag := range tags {
			if strings.ContainsAny(tag.Text, "\" \t\n") || !strings.Contains(list, `"`+tag.Text+`"`) || !strings.HasPrefix(tag.Text, tag.Sent()) {
				t.Errorf("%q: got tag %q, sent as %q", list, tag.Text, tag.Sent())
			}
		}
	})
}

// TestTagsWithSpacesAreRefused: otherwise two tags could be read as one, or one as two.
func TestTagsWithSpacesAreRefused(t *testing.T) {
	if tags, _, err := ParseTags([]string{`"1", W/"a-b~!"`}); err != nil || len(tags) != 2 {
		t.Fatalf("got %v, %v", tags, err)
	}
	for _, line := range []string{`"1 2"`, "\"1\t2\"", `" "`, "\"1\x7f\"", "\"\x00\""} {
		if tags, _, err := ParseTags([]string{line}); err == nil {
			t.Errorf("%q: got %v, want it refused", line, tags)
		}
	}
}
