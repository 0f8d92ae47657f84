//go:build unix

package pgtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// debianLayout is the folder of each version of PostgreSQL on Debian.
const debianLayout = "/usr/lib/postgresql/*/bin"

// binaries finds the folder of the newest PostgreSQL in the layout. If there is none, it
// uses pg_config or PATH.
func binaries(layout string) (string, error) {
	newest, bin := 0.0, ""
	found, _ := filepath.Glob(filepath.Join(layout, "initdb")) // the pattern is well-formed
	for _, program := range found {
		dir := filepath.Dir(program)
		version, err := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64) // 9.6, 15
		if err == nil && version > newest {
			newest, bin = version, dir
		}
	}
	if bin != "" {
		return bin, nil
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		if dir := strings.TrimSpace(string(out)); exists(filepath.Join(dir, "initdb")) {
			return dir, nil
		}
	}
	if program, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(program), nil
	}
	return "", errors.New("pgtest: PostgreSQL is not installed; on Debian: apt-get install postgresql")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
