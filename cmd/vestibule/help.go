package main

import (
	"fmt"
	"io"
	"strings"
)

// help prints what can be typed: about one command, about the commands that
// start with a word, or about all of them.
func (p *program) help(name string) error {
	var found []command
	var reads side
	for _, cmd := range commands() {
		if name == "" || cmd.name == name || strings.HasPrefix(cmd.name, name+" ") {
			found = append(found, cmd)
			reads |= cmd.reads
		}
	}
	if found == nil {
		return usageError("unknown command " + show(name) + seeHelp(""))
	}
	if len(found) == 1 {
		usage := "Usage: vestibule " + found[0].name + " [--setting=value …]"
		if found[0].args != "" {
			usage = "Usage: vestibule " + found[0].name + " " + found[0].args + " [--setting=value …]"
		}
		fmt.Fprintf(p.stdout, "%s\n\n%s\n", usage, wrap(found[0].summary, "  "))
		printOptions(p.stdout, found[0].options)
	} else {
		fmt.Fprint(p.stdout, "Usage: vestibule COMMAND [--setting=value …]\n\nCommands\n")
		for _, cmd := range found {
			fmt.Fprintf(p.stdout, "  %-20s%s\n", cmd.name, strings.TrimSpace(wrap(cmd.summary, strings.Repeat(" ", 22))))
		}
	}
	if reads != forVersion {
		fmt.Fprint(p.stdout, "\n"+wrap("A setting is a flag or an environment variable; NAME_FILE names a file to read it from. The flag wins.", "")+"\n")
		printSettings(p.stdout, reads)
	}
	return nil
}

func printOptions(w io.Writer, options []option) {
	for i, o := range options {
		if i == 0 {
			fmt.Fprint(w, "\nOptions\n")
		}
		name := "--" + o.name
		if o.arg != "" {
			name += "=" + o.arg
		}
		fmt.Fprintf(w, "  %s\n%s\n", name, wrap(o.help, "      "))
	}
}

// printSettings prints what the commands in reads accept.
func printSettings(w io.Writer, reads side) {
	for _, g := range schema {
		g = g.only(reads)
		if len(g.settings) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", g.title)
		for _, s := range g.settings {
			fmt.Fprintf(w, "  %s  --%s=%s\n%s\n", s.name, s.flag(), s.arg, wrap(s.help+" Default: "+s.otherwise(), "      "))
		}
	}
}

// otherwise is the default, or what holds in its place.
func (s setting) otherwise() string {
	if s.value != "" {
		return s.value
	}
	return s.unset
}

// wrap breaks text into lines of a terminal's usual width.
func wrap(text, indent string) string {
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
