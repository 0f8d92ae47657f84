package web

import "testing"

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
