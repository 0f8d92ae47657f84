package childtest

import (
	"fmt"
	"os"
	"os/exec"
)

// Find returns the path of a program of the Debian package with the same name. fallback is
// where Debian installs it if that is not in everyone's PATH, or "". name is for the error,
// which says how to install the program.
func Find(program, name, fallback string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	if _, err := os.Stat(fallback); err == nil {
		return fallback, nil
	}
	return "", fmt.Errorf("%s is not installed; on Debian: apt-get install %s", name, program)
}
