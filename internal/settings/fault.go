package settings

import (
	"strconv"
	"strings"
)

// Fault is one mistake, told in one line: which setting, what is wrong with
// it, and what to do about it.
type Fault struct {
	Setting string
	Value   string // as made by show; "" where it must not or need not be seen
	Problem string // reads on from "SETTING value"
	Cure    string
}

func (f Fault) Error() string {
	line := f.Setting
	if f.Value != "" {
		line += " " + f.Value
	}
	return line + " " + f.Problem + "; " + f.Cure
}

// Faults are all the mistakes of a configuration.
type Faults []Fault

func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Failure is a fault that only running could find: the setting is well-formed
// but the world does not agree with it. The cause says more, to the log too.
type Failure struct {
	Fault
	Cause error
}

func (f Failure) Error() string {
	if f.Cause == nil {
		return f.Fault.Error()
	}
	line := f.Fault
	line.Problem += " (" + OneLine(f.Cause.Error()) + ")"
	return line.Error()
}

func (f Failure) Unwrap() error { return f.Cause }

// maxShown bounds how much of a value a message repeats, in bytes.
const maxShown = 120

// Show quotes a value for a message: always one line, never long, and without
// what stands before an @, which in a URL may be a password.
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
