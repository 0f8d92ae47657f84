package spa

import (
	"path"
	"strings"
)

// withoutComments returns a script or a style sheet without its comments that fill whole lines:
// they are a quarter of what a first visit would load. The lines themselves stay, so that they
// have the same numbers as in the repository.
//
// It looks at the beginnings and ends of lines and does not know the language. A line of a
// template literal that looks like a comment would be lost, and TestAppIsLight (e2e) would notice.
func withoutComments(name string, text []byte) []byte {
	js := path.Ext(name) == ".js"
	if !js && path.Ext(name) != ".css" || path.Dir(name) == "vendor" { // licenses are comments, too
		return text
	}
	lines := strings.Split(string(text), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		switch {
		case js && strings.HasPrefix(line, "//"):
			lines[i] = ""
		case strings.HasPrefix(line, "/*"):
			i = emptyBlock(lines, i)
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// emptyBlock empties the lines of the comment that begins at a line, unless something follows
// it, such as the value of a type annotation. It returns the comment's last line.
func emptyBlock(lines []string, first int) (last int) {
	rest := strings.TrimPrefix(strings.TrimSpace(lines[first]), "/*")
	for last = first; ; rest = lines[last] {
		if _, after, ends := strings.Cut(rest, "*/"); ends {
			if strings.TrimSpace(after) == "" {
				clear(lines[first : last+1])
			}
			return last
		}
		if last++; last == len(lines) {
			return last
		}
	}
}
