package main

import (
	"fmt"
	"io"
	"strings"

	"vestibule/internal/settings"
)

// help prints the help for one command, for all commands that start with a word, or for
// all commands.
func (p *program) help(name string) error {
	var found []command
	var reads settings.Side
	for _, cmd := range commands() {
		if name == "" || cmd.name == name || strings.HasPrefix(cmd.name, name+" ") {
			found = append(found, cmd)
			reads |= cmd.reads
		}
	}
	if found == nil {
		return usageError("unknown command " + settings.Show(name) + seeHelp(""))
	}
	if len(found) == 1 {
		usage := "Usage: vestibule " + found[0].name + " [--setting=value …]"
		if found[0].args != "" {
			usage = "Usage: vestibule " + found[0].name + " " + found[0].args + " [--setting=value …]"
		}
		fmt.Fprintf(p.stdout, "%s\n\n%s\n", usage, settings.Wrap(found[0].summary, "  "))
		printOptions(p.stdout, found[0].options)
	} else {
		fmt.Fprint(p.stdout, "Usage: vestibule COMMAND [--setting=value …]\n\nCommands\n")
		for _, cmd := range found {
			fmt.Fprintf(p.stdout, "  %-20s%s\n", cmd.name, strings.TrimSpace(settings.Wrap(cmd.summary, strings.Repeat(" ", 22))))
		}
	}
	if reads != settings.ForVersion {
		fmt.Fprint(p.stdout, "\n"+settings.Wrap("Set a setting by a flag, by an environment variable, or by a variable NAME_FILE that names a file with the value. The flag wins.", "")+"\n")
		settings.WriteHelp(p.stdout, reads)
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
		fmt.Fprintf(w, "  %s\n%s\n", name, settings.Wrap(o.help, "      "))
	}
}
