package settings

import (
	"fmt"
	"io"
	"strings"
)

// Described is what help, the shell completion and the manual say about a setting.
type Described struct {
	Name    string   // the environment variable
	Flag    string   // without dashes
	Arg     string   // the placeholder for the value
	Help    string   // sentences
	Default string   // the default value, or the text that describes it
	Choices []string // all values that it takes, if these are words
}

// DescribedGroup is a heading with its settings.
type DescribedGroup struct {
	Title    string
	Settings []Described
}

// Describe returns the settings that the commands in reads accept, in the order of the
// schema. It leaves out empty groups.
func Describe(reads Side) []DescribedGroup {
	var groups []DescribedGroup
	for _, g := range schema {
		if g = g.only(reads); len(g.settings) == 0 {
			continue
		}
		described := DescribedGroup{Title: g.title}
		for _, s := range g.settings {
			described.Settings = append(described.Settings, Described{s.name, s.flag(), s.arg, s.help, s.defaultText(), s.choices})
		}
		groups = append(groups, described)
	}
	return groups
}

// WriteHelp prints the settings that the commands in reads accept.
func WriteHelp(w io.Writer, reads Side) {
	for _, g := range Describe(reads) {
		fmt.Fprintf(w, "\n%s\n", g.Title)
		for _, s := range g.Settings {
			fmt.Fprintf(w, "  %s  --%s=%s\n%s\n", s.Name, s.Flag, s.Arg, Wrap(s.Help+" Default: "+s.Default, "      "))
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
