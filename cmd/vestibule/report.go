package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"vestibule/internal/settings"
)

// Exit codes: what a supervisor or a script can tell apart.
const (
	exitOK      = 0
	exitFailure = 1   // it could not run: a port in use, no database
	exitUsage   = 2   // it was told something wrong: a setting, a flag, a command
	exitSignal  = 130 // a second signal ended it at once
)

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
	var config settings.Faults
	var usage usageError
	if errors.As(err, &config) || errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailure
}
