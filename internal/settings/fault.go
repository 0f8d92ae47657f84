package settings

import (
	"strconv"
	"strings"
)

// Fault is one mistake. Its message is one line with the setting, the problem and the cure.
type Fault struct {
	Setting string
	Place   string // where in the value, directly after the name of the setting, like [2].path; "" for all of it
	Value   string // quoted by Show; "" if it is secret or not needed
	Problem string // continues the sentence that starts with "SETTING value"
	Cure    string
}

func (f Fault) Error() string {
	line := f.Setting + f.Place
	if f.Value != "" {
		line += " " + f.Value
	}
	return line + " " + f.Problem + "; " + f.Cure
}

// Faults holds all mistakes of a configuration.
type Faults []Fault

func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Failure is a fault that appears only at run time: the value is well-formed but does
// not work, for example because a port is in use.
type Failure struct {
	Fault
	Cause error
}

func (f Failure) Error() string { return f.WithCause().Error() }

// WithCause returns the fault with the cause as a part of its problem.
func (f Failure) WithCause() Fault {
	line := f.Fault
	if f.Cause != nil {
		line.Problem += " (" + OneLine(f.Cause.Error()) + ")"
	}
	return line
}

func (f Failure) Unwrap() error { return f.Cause }

// maxShown bounds how much of a value a message repeats, in bytes.
const maxShown = 120

// Show quotes a value for a message. The result is one short line. Show removes
// everything before the last @, because in a URL that may be a password.
func Show(value string) string {
	if at := strings.LastIndexByte(value, '@'); at >= 0 {
		value = "…" + value[at:]
	}
	if len(value) > maxShown {
		value = strings.ToValidUTF8(value[:maxShown], "") + "…"
	}
	return strconv.Quote(value)
}

// OneLine replaces line breaks and runs of spaces by single spaces.
func OneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}
