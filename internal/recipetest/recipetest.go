// Package recipetest reads configurations from the documents, for tests that run them. What a
// page shows is then what was tried.
package recipetest

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Block returns the one block of a language below a second-level heading of a page.
func Block(tb testing.TB, page, heading, language string) string {
	tb.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		tb.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)\n```"+language+"\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 1 {
		tb.Fatalf("got %d blocks of %s below %q in %s, want 1", len(blocks), language, heading, page)
	}
	return blocks[0][1]
}

// Edited replaces each of the old texts, which must occur exactly once.
func Edited(tb testing.TB, text string, oldNew ...string) string {
	tb.Helper()
	for i := 0; i < len(oldNew); i += 2 {
		if n := strings.Count(text, oldNew[i]); n != 1 {
			tb.Fatalf("the text has %q %d times, want once:\n%s", oldNew[i], n, text)
		}
		text = strings.Replace(text, oldNew[i], oldNew[i+1], 1)
	}
	return text
}
