package main

import (
	"errors"
	"fmt"
	"io"
	"os"
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
	by     side   // the commands that read it; the others refuse its flag
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

// side is a set of commands, by what they need to know.
type side uint8

const (
	forServe side = 1 << iota
	forBFF
	forAPI
	forMigrate
	forData     // commands that work on what is in the database
	forPassword // those of them that set a password
	forToken    // those that mint a token

	forVersion side = 0 // it needs to know nothing
)

// settings returns what the commands in s read, in the order of the schema.
func (s side) settings() []setting {
	var read []setting
	for _, g := range schema {
		read = append(read, g.only(s).settings...)
	}
	return read
}

// only returns g with the settings that the commands in s read.
func (g group) only(s side) group {
	g.settings = slices.DeleteFunc(slices.Clone(g.settings), func(set setting) bool { return set.by&s == 0 })
	return g
}

// flag returns the name of the setting's flag, without dashes.
func (s setting) flag() string {
	return strings.ReplaceAll(strings.ToLower(s.name), "_", "-")
}

// source is where a value came from.
type source string

const (
	fromDefault     source = "default"
	fromEnvironment source = "environment"
	fromFlag        source = "flag"
	fromFile        source = "file"
)

// read finds the setting's value: its flag, else its variable, else the file
// that NAME_FILE names, else its default. A variable that is set to nothing
// counts as not set, as compose files and unit files leave them behind.
func (s setting) read(flags map[string]string, env environment) (string, source, error) {
	fileVar := s.name + "_FILE"
	value, path := env[s.name], env[fileVar]
	given, isFlag := flags[s.flag()]
	switch {
	case value != "" && path != "":
		return "", fromEnvironment, fault{setting: s.name, problem: "and " + fileVar + " are both set", cure: "unset one of them"}
	case isFlag && given == "":
		return "", fromFlag, fault{setting: s.name, problem: "(--" + s.flag() + ") is empty", cure: "give it a value or leave the flag out"}
	case isFlag:
		return given, fromFlag, nil
	case value != "":
		return value, fromEnvironment, nil
	case path != "":
		if m := unexpanded(path, "/run/secrets/"+s.flag()); m != nil {
			return "", fromFile, fault{setting: fileVar, value: show(path), problem: m.problem, cure: m.cure}
		}
		value, err := readValueFile(path)
		if err != nil {
			return "", fromFile, fault{setting: fileVar, value: show(path), problem: err.Error(), cure: "name a readable file that holds the value of " + s.name}
		}
		return value, fromFile, nil
	}
	return s.value, fromDefault, nil
}

// maxValueFile bounds what NAME_FILE may hold, in bytes: a path to a device
// or a log must not fill the memory.
const maxValueFile = 64 << 10

var (
	errValueTooLong = fmt.Errorf("holds more than %d bytes", maxValueFile)
	errValueEmpty   = errors.New("is empty")
)

// readValueFile returns what the file at path holds. Its errors read as the
// end of a sentence.
func readValueFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", cannotRead(err)
	}
	defer f.Close()
	return readValue(f)
}

// readValue returns all that f holds without one newline at its end, which
// editors and echo add.
func readValue(f *os.File) (string, error) {
	content, err := io.ReadAll(io.LimitReader(f, maxValueFile+1))
	switch {
	case err != nil:
		return "", cannotRead(err)
	case len(content) > maxValueFile:
		return "", errValueTooLong
	}
	value := strings.TrimSuffix(string(content), "\n")
	value = strings.TrimSuffix(value, "\r")
	if value == "" {
		return "", errValueEmpty
	}
	return value, nil
}

func cannotRead(err error) error {
	// The path is already in the message.
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("cannot be read (%w)", err)
}
