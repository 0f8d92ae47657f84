package settings

import (
	"slices"
	"strings"
)

// setting is one row of the schema. It defines the flag, the environment variable, the
// help, the row in docs/configuration.md and the check.
//
// The schema is a table on top of the standard flag package. Struct tags of a
// command-line library such as kong would not do: tags cannot hold the check, so there
// would be a second list to keep in step; the library reads the environment of the
// process, which tests cannot replace; and it stops at the first mistake.
type setting struct {
	name   string // the environment variable; the flag is derived from it
	by     Side   // the commands that read it; all others refuse its flag
	arg    string // the placeholder for the value in help
	value  string // the default
	unset  string // describes the behaviour without a value, if there is no default
	secret bool   // its value is never printed
	reload bool   // a reload reads its file again; all others keep the value of the start
	// maxFile is the maximum size in bytes of the file that NAME_FILE names; 0: maxValueFile.
	maxFile int
	choices []string // the words that it takes, if these are all; set by oneWord
	help    string
	check   func(c *checker, value string) // never called with ""
}

// group is a heading in help and documentation.
type group struct {
	title    string
	settings []setting
}

// Side is a set of commands that need the same settings.
type Side uint16

const (
	ForServe    Side = 1 << iota // BFF and API in one process
	ForBFF                       // the BFF alone
	ForAPI                       // the API alone
	ForMigrate                   // commands that change the schema of the database
	ForData                      // commands that work with the data in the database
	ForPassword                  // commands that also set a password
	ForToken                     // commands that mint a token
	ForRoutes                    // commands that explain the routes of the proxy
	ForHealth                    // commands that ask the admin server

	ForVersion Side = 0 // needs no settings
)

// settings returns the settings that the commands in s read, in the order of the
// schema.
func (s Side) settings() []setting {
	var read []setting
	for _, g := range schema {
		read = append(read, g.only(s).settings...)
	}
	return read
}

// only returns g with only the settings that the commands in s read.
func (g group) only(s Side) group {
	g.settings = slices.DeleteFunc(slices.Clone(g.settings), func(set setting) bool { return set.by&s == 0 })
	return g
}

// Names returns the names of the settings that the commands in s read.
func (s Side) Names() []string {
	var names []string
	for _, set := range s.settings() {
		names = append(names, set.name)
	}
	return names
}

// Switches returns the names of those that are true or false.
func (s Side) Switches() (names []string) {
	for _, set := range s.settings() {
		if set.arg == "BOOL" {
			names = append(names, set.name)
		}
	}
	return names
}

// flag returns the name of the setting's flag, without dashes.
func (s setting) flag() string { return Flag(s.name) }

// Flag returns the name of the flag of the setting name, without dashes.
func Flag(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}
