package settings

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// source is the kind of place that a value came from.
type source string

const (
	fromDefault     source = "default"
	fromEnvironment source = "environment"
	fromFlag        source = "flag"
	fromFile        source = "file"
)

// read finds the value of the setting in its flag, its variable, the file that
// NAME_FILE names, or its default, in this order. An empty variable counts as not set,
// because compose files and unit files often leave variables empty.
func (s setting) read(flags map[string]string, env Environment) (string, source, error) {
	fileVar := s.name + "_FILE"
	value, path := env[s.name], env[fileVar]
	given, isFlag := flags[s.flag()]
	switch {
	case value != "" && path != "":
		return "", fromEnvironment, Fault{Setting: s.name, Problem: "and " + fileVar + " are both set", Cure: "unset one of them"}
	case isFlag && given == "":
		return "", fromFlag, Fault{Setting: s.name, Problem: "(--" + s.flag() + ") is empty", Cure: "give it a value, or omit the flag"}
	case isFlag:
		return given, fromFlag, nil
	case value != "":
		return value, fromEnvironment, nil
	case path != "":
		value, m := s.readFile(path)
		if m != nil {
			return "", fromFile, Fault{Setting: fileVar, Value: s.showPath(path), Problem: m.problem, Cure: m.cure}
		}
		return value, fromFile, nil
	}
	return s.value, fromDefault, nil
}

// readFile reads the value from the file at path.
func (s setting) readFile(path string) (string, *mistake) {
	if m := unexpanded(path, "/run/secrets/"+s.flag()); m != nil {
		return "", m
	}
	value, err := readValueFile(path, cmp.Or(s.maxFile, maxValueFile))
	if err == nil {
		return value, nil
	}
	if m := leftover(path); m != nil {
		return "", m
	}
	return "", &mistake{err.Error(), "name a readable file with the value of " + s.name}
}

// showPath quotes the path of a file for a message. Some people set NAME_FILE to the secret itself,
// so what does not look like a path is not shown: a path, or at least its folder, exists. The root is
// no folder here: a secret in base64 may begin with a slash.
func (s setting) showPath(path string) string {
	if _, err := os.Stat(path); s.secret && err != nil {
		folder, _ := filepath.Split(path)
		if info, err := os.Stat(folder); err != nil || !info.IsDir() || filepath.Clean(folder) == filepath.VolumeName(folder)+string(filepath.Separator) {
			return "" // also without a folder
		}
	}
	return Show(path)
}

// maxValueFile is the maximum size of a file that NAME_FILE names, in bytes, unless the
// setting has another one. If the path names a device or a log by mistake, it must not fill
// the memory.
const maxValueFile = 64 << 10

var errValueEmpty = errors.New("is empty")

// readValueFile returns the value in the file at path. Its errors continue a sentence
// that starts with the path.
func readValueFile(path string, most int) (string, error) {
	f, err := os.Open(path) // #nosec G304 -- the operator names the file
	if err != nil {
		return "", cannotRead(err)
	}
	defer f.Close()
	return readValue(f, most)
}

// readValue returns the content of f, which may have most bytes. It removes one newline at
// the end, because editors and echo add one.
func readValue(f *os.File, most int) (string, error) {
	content, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	switch {
	case err != nil:
		return "", cannotRead(err)
	case len(content) > most:
		return "", fmt.Errorf("has more than %d bytes", most)
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
