package settings

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

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
func (s setting) read(flags map[string]string, env Environment) (string, source, error) {
	fileVar := s.name + "_FILE"
	value, path := env[s.name], env[fileVar]
	given, isFlag := flags[s.flag()]
	switch {
	case value != "" && path != "":
		return "", fromEnvironment, Fault{Setting: s.name, Problem: "and " + fileVar + " are both set", Cure: "unset one of them"}
	case isFlag && given == "":
		return "", fromFlag, Fault{Setting: s.name, Problem: "(--" + s.flag() + ") is empty", Cure: "give it a value or leave the flag out"}
	case isFlag:
		return given, fromFlag, nil
	case value != "":
		return value, fromEnvironment, nil
	case path != "":
		if m := unexpanded(path, "/run/secrets/"+s.flag()); m != nil {
			return "", fromFile, Fault{Setting: fileVar, Value: Show(path), Problem: m.problem, Cure: m.cure}
		}
		value, err := readValueFile(path)
		if err != nil {
			return "", fromFile, Fault{Setting: fileVar, Value: Show(path), Problem: err.Error(), Cure: "name a readable file that holds the value of " + s.name}
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
