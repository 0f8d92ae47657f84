package main

import (
	"fmt"
	"io"
	"strings"
)

// writeFish writes one line for each word, with the commands that take it.
func writeFish(w io.Writer, all []completed) {
	fmt.Fprint(w, `# Completes vestibule in fish. Made by: vestibule completion fish
# Whether the words before the cursor are vestibule and exactly these.
function __vestibule_after
    set -l words (commandline -opc)
    test "$words[2..-1]" = "$argv"
end
# Whether the command line has one of these commands.
function __vestibule_in
    set -l words (commandline -opc)
    contains -- "$words[2]" $argv; or contains -- "$words[2] $words[3]" $argv
end
complete -c vestibule -f
`)
	words, of := firstWords(all)
	for _, word := range words {
		fmt.Fprintf(w, "complete -c vestibule -n '__vestibule_after' -a %s -d %s\n", word, fishQuoted(summaryOf(word, of[word])))
	}
	two, second := groups(all)
	for _, word := range two {
		for _, c := range second[word] {
			fmt.Fprintf(w, "complete -c vestibule -n '__vestibule_after %s' -a %s -d %s\n", word, c.name, fishQuoted(c.summary))
		}
	}
	for _, c := range all {
		switch {
		case len(c.words) > 0:
			fmt.Fprintf(w, "complete -c vestibule -n '__vestibule_after %s' -a %s\n", c.name, fishQuoted(strings.Join(c.words, " ")))
		case c.args:
			fmt.Fprintf(w, "complete -c vestibule -n %s -F\n", fishQuoted("__vestibule_in "+fishQuoted(c.name)))
		}
	}
	writeFishFlags(w, all)
}

// writeFishFlags writes each flag once, with all commands that have it.
func writeFishFlags(w io.Writer, all []completed) {
	var lines []string
	commands := map[string][]string{}
	for _, c := range all {
		for _, f := range c.flags {
			line := " -l " + f.name
			switch {
			case len(f.words) > 0:
				line += " -x -a " + fishQuoted(strings.Join(f.words, " "))
			case f.arg != "":
				line += " -r -F"
			}
			line += " -d " + fishQuoted(f.help) + "\n"
			if commands[line] == nil {
				lines = append(lines, line)
			}
			commands[line] = append(commands[line], fishQuoted(c.name))
		}
	}
	for _, line := range lines {
		fmt.Fprintf(w, "complete -c vestibule -n %s%s", fishQuoted("__vestibule_in "+strings.Join(commands[line], " ")), line)
	}
}

// fishQuoted returns text as one word of fish.
func fishQuoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
