package settings

import (
	"fmt"
	"io"
	"strings"
)

// WriteHelp prints the settings that the commands in reads accept.
func WriteHelp(w io.Writer, reads Side) {
	for _, g := range schema {
		g = g.only(reads)
		if len(g.settings) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", g.title)
		for _, s := range g.settings {
			fmt.Fprintf(w, "  %s  --%s=%s\n%s\n", s.name, s.flag(), s.arg, Wrap(s.help+" Default: "+s.defaultText(), "      "))
		}
	}
}

// defaultText returns the default value, or the text that describes it.
func (s setting) defaultText() string {
	if s.value != "" {
		return s.value
	}
	return s.unset
}

// Wrap breaks text into indented lines of at most 80 characters.
func Wrap(text, indent string) string {
	const width = 80
	var lines []string
	line := indent
	for word := range strings.FieldsSeq(text) {
		if line != indent && len([]rune(line))+len([]rune(word)) > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line = indent
		}
		line += word + " "
	}
	return strings.Join(append(lines, strings.TrimRight(line, " ")), "\n")
}
