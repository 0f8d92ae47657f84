package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"vestibule/internal/settings"
)

// The scripts hold all words themselves, so the shell starts no program at a press of Tab.
// They are made from the table of commands and the schema of the settings, like the help.

// completers write the script of each shell.
var completers = []struct {
	shell string
	write func(io.Writer, []completed)
}{{"bash", writeBash}, {"zsh", writeZsh}, {"fish", writeFish}}

func shells() []string {
	names := make([]string, len(completers))
	for i, c := range completers {
		names[i] = c.shell
	}
	return names
}

// printCompletion is vestibule completion.
func printCompletion(_ context.Context, p *program, _ *settings.Settings) error {
	for _, c := range completers {
		if c.shell == p.given.args[0] {
			c.write(p.stdout, completedCommands())
			return nil
		}
	}
	return usageError("there is no script for the shell " + settings.Show(p.given.args[0]) + "; use " + strings.Join(shells(), ", "))
}

// completed is a command as the scripts see it.
type completed struct {
	name    string // one or two words
	summary string // a short text
	args    bool   // whether it takes arguments
	words   []string
	flags   []completedFlag
}

// completedFlag is an option or the flag of a setting.
type completedFlag struct {
	name  string // without dashes
	arg   string // the placeholder for the value; "" if it takes none
	help  string // a short text
	words []string
}

// spelled returns the flag as a user types it. What takes a value ends in =.
func (f completedFlag) spelled() string {
	if f.arg == "" {
		return "--" + f.name
	}
	return "--" + f.name + "="
}

// completedCommands returns all commands, and help.
func completedCommands() []completed {
	help := completed{name: "help", summary: "print the help for a command", args: true}
	var all []completed
	for _, cmd := range commands() {
		c := completed{name: cmd.name, summary: short(cmd.summary), args: cmd.args != "", words: cmd.choices[cmd.args]}
		for _, o := range cmd.options {
			c.flags = append(c.flags, completedFlag{o.name, o.arg, short(o.help), cmd.choices[o.name]})
		}
		for _, g := range settings.Describe(cmd.reads) {
			for _, s := range g.Settings {
				c.flags = append(c.flags, completedFlag{s.Flag, s.Arg, short(s.Help), s.Choices})
			}
		}
		c.flags = append(c.flags, completedFlag{name: "help", help: "Print the help for the command."})
		if word, _, _ := strings.Cut(c.name, " "); !slices.Contains(help.words, word) {
			help.words = append(help.words, word)
		}
		all = append(all, c)
	}
	return append(all, help)
}

// short returns the first sentence or part of text, without the characters that the shells
// give a meaning in descriptions.
func short(text string) string {
	for _, end := range []string{". ", "; ", ": "} {
		text, _, _ = strings.Cut(text, end)
	}
	return strings.NewReplacer("'", "’", "[", "(", "]", ")", `\`, "/", "`", "’").Replace(strings.TrimSuffix(text, "."))
}

// firstWords returns the first words of all commands, each once, with the commands that begin
// with it.
func firstWords(all []completed) (words []string, of map[string][]completed) {
	of = map[string][]completed{}
	for _, c := range all {
		word, _, _ := strings.Cut(c.name, " ")
		if of[word] == nil {
			words = append(words, word)
		}
		of[word] = append(of[word], c)
	}
	return words, of
}

// groups returns the first words that another word must follow, each with those words.
func groups(all []completed) (words []string, second map[string][]completed) {
	first, of := firstWords(all)
	second = map[string][]completed{}
	for _, word := range first {
		for _, c := range of[word] {
			if _, rest, two := strings.Cut(c.name, " "); two {
				c.name = rest
				second[word] = append(second[word], c)
			}
		}
		if second[word] != nil {
			words = append(words, word)
		}
	}
	return words, second
}

// summaryOf returns what a first word stands for.
func summaryOf(word string, of []completed) string {
	if len(of) == 1 && of[0].name == word {
		return of[0].summary
	}
	var rest []string
	for _, c := range of {
		rest = append(rest, strings.TrimPrefix(c.name, word+" "))
	}
	return strings.Join(rest, ", ")
}

// byWords groups the flags of all commands that take the same words as their value. The keys
// of the cases are the command, a space and the flag.
func byWords(all []completed) (keys []string, cases map[string][]string) {
	cases = map[string][]string{}
	for _, c := range all {
		for _, f := range c.flags {
			if len(f.words) == 0 {
				continue
			}
			key := strings.Join(f.words, " ")
			if cases[key] == nil {
				keys = append(keys, key)
			}
			cases[key] = append(cases[key], c.name+" --"+f.name)
		}
	}
	return keys, cases
}

// quoted returns text as one word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func quotedAll(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = quoted(text)
	}
	return all
}
