package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"vestibule/internal/settings"
)

// Exit codes, for supervisors and scripts.
const (
	exitOK      = 0
	exitFailure = 1   // the command failed: a port is in use, the database is down
	exitUsage   = 2   // a setting, a flag or a command is wrong
	exitSignal  = 130 // a second signal ended the process at once
)

// usageError is a mistake in the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

// report prints err, one line for each mistake, and returns the exit code.
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
