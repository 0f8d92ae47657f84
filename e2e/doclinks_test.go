package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	docLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	docHeading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	docCode    = regexp.MustCompile("(?s)```.*?```")
	notInSlug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinksInDocuments: each file and each heading that a document links to exists.
func TestLinksInDocuments(t *testing.T) {
	t.Parallel()
	var documents []string
	for _, pattern := range []string{"../*.md", "../docs/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, found...)
	}
	if len(documents) < 10 {
		t.Fatalf("got %d documents only", len(documents))
	}
	for _, document := range documents {
		for _, match := range docLink.FindAllStringSubmatch(readDocument(t, document), -1) {
			target, err := url.Parse(match[1])
			if err != nil {
				t.Errorf("%s: %v", document, err)
				continue
			}
			if target.Host != "" {
				continue
			}
			file := document
			if target.Path != "" {
				file = filepath.Join(filepath.Dir(document), target.Path)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s, which does not exist", document, match[1])
			} else if target.Fragment != "" && !hasHeading(readDocument(t, file), target.Fragment) {
				t.Errorf("%s links to %s, which has no such heading", document, match[1])
			}
		}
	}
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return docCode.ReplaceAllString(string(text), "")
}

func hasHeading(document, slug string) bool {
	for _, heading := range docHeading.FindAllStringSubmatch(document, -1) {
		text := notInSlug.ReplaceAllString(strings.ToLower(heading[1]), "")
		if strings.ReplaceAll(text, " ", "-") == slug {
			return true
		}
	}
	return strings.Contains(document, `id="`+slug+`"`)
}
