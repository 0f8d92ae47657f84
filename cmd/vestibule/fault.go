package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Exit codes: what a supervisor or a script can tell apart.
const (
	exitOK      = 0
	exitFailure = 1   // it could not run: a port in use, no database
	exitUsage   = 2   // it was told something wrong: a setting, a flag, a command
	exitSignal  = 130 // a second signal ended it at once
)

// fault is one mistake, told in one line: which setting, what is wrong with
// it, and what to do about it.
type fault struct {
	setting string
	value   string // as made by show; "" where it must not or need not be seen
	problem string // reads on from "SETTING value"
	cure    string
}

func (f fault) Error() string {
	line := f.setting
	if f.value != "" {
		line += " " + f.value
	}
	return line + " " + f.problem + "; " + f.cure
}

// faults are all the mistakes of a configuration.
type faults []fault

func (fs faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// failure is a fault that only running could find: the setting is well-formed
// but the world does not agree with it. The cause says more, to the log too.
type failure struct {
	fault
	cause error
}

func (f failure) Error() string {
	if f.cause == nil {
		return f.fault.Error()
	}
	line := f.fault
	line.problem += " (" + oneLine(f.cause.Error()) + ")"
	return line.Error()
}

func (f failure) Unwrap() error { return f.cause }

// usageError is a command line that cannot be understood.
type usageError string

func (e usageError) Error() string { return string(e) }

// report prints err for people, a line for each mistake, and returns the code
// to exit with.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(stderr, "vestibule: "+line)
	}
	var config faults
	var usage usageError
	if errors.As(err, &config) || errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailure
}

// maxShown bounds how much of a value a message repeats, in bytes.
const maxShown = 120

// show quotes a value for a message: always one line, never long, and without
// what stands before an @, which in a URL may be a password.
func show(value string) string {
	if at := strings.LastIndexByte(value, '@'); at >= 0 {
		value = "…" + value[at:]
	}
	if len(value) > maxShown {
		value = strings.ToValidUTF8(value[:maxShown], "") + "…"
	}
	return strconv.Quote(value)
}

func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}
