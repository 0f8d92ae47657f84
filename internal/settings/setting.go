package settings

import (
	"slices"
	"strings"
)

// setting is one line of the schema. The flag, the environment variable, the
// help, docs/configuration.md and the check all come from it.
//
// The schema is a table over the standard flag package and not the tags of a
// command-line library such as kong: tags cannot hold the check, so there would
// be two lists to keep in step; the library reads the process's environment
// itself, where tests cannot replace it; and it stops at the first mistake.
type setting struct {
	name   string // the environment variable; the flag is derived from it
	by     Side   // the commands that read it; the others refuse its flag
	arg    string // what stands for the value in help
	value  string // the default
	unset  string // where there is no default: what holds instead
	secret bool   // its value is never printed
	help   string
	check  func(c *checker, value string) // never called with ""
}

// group is a heading in help and documentation.
type group struct {
	title    string
	settings []setting
}

// Side is a set of commands, by what they need to know.
type Side uint8

const (
	ForServe    Side = 1 << iota // BFF and API in one process
	ForBFF                       // the BFF alone
	ForAPI                       // the API alone
	ForMigrate                   // changes of the database's schema
	ForData                      // commands that work on what is in the database
	ForPassword                  // those of them that set a password
	ForToken                     // those that mint a token

	ForVersion Side = 0 // it needs to know nothing
)

// settings returns what the commands in s read, in the order of the schema.
func (s Side) settings() []setting {
	var read []setting
	for _, g := range schema {
		read = append(read, g.only(s).settings...)
	}
	return read
}

// only returns g with the settings that the commands in s read.
func (g group) only(s Side) group {
	g.settings = slices.DeleteFunc(slices.Clone(g.settings), func(set setting) bool { return set.by&s == 0 })
	return g
}

// Names returns the names of those settings.
func (s Side) Names() []string {
	var names []string
	for _, set := range s.settings() {
		names = append(names, set.name)
	}
	return names
}

// flag returns the name of the setting's flag, without dashes.
func (s setting) flag() string { return Flag(s.name) }

// Flag returns the name of the flag of the setting name, without dashes.
func Flag(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}
