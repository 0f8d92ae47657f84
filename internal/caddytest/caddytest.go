// Package caddytest starts the Caddy that is installed on this machine, for tests
// of what happens behind it.
//
// Each one has a folder and a port of its own, and ends with the test. What is
// missing on the machine fails the test and names the Debian package: a test that
// cannot run has not passed.
package caddytest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"vestibule/internal/childtest"
	"vestibule/internal/quicktest"
)

// upPath is answered by Caddy itself, whatever is behind it.
const upPath = "/.caddy-is-up"

// Compression are directives of a site that compress every answer, however short.
const Compression = `encode {
	zstd
	gzip
	minimum_length 1
	match header Content-Type *
}
`

// TagsOfNewer are directives of a site that give the ETag of a compressed answer
// the suffix that it has from Caddy 2.8 on. Debian's older one leaves it as it is.
const TagsOfNewer = `@gzip header Accept-Encoding *gzip*
header @gzip {
	ETag "^\"(.*)\"$" "\"$1-gzip\""
	defer
}
`

// Start runs Caddy with one site of these directives and returns its URL, like
// http://127.0.0.1:12345, once it answers. Relative paths in it are inside a folder
// that goes with the test.
func Start(tb testing.TB, site string) string {
	tb.Helper()
	quicktest.Skip(tb, "Caddy")
	program, err := find()
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	return childtest.Start(tb, "Caddy", upPath, func(address string) (*exec.Cmd, error) {
		cmd := exec.Command(program, "run", "--config", "Caddyfile", "--adapter", "caddyfile")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
		return cmd, os.WriteFile(filepath.Join(dir, "Caddyfile"), []byte(caddyfile(address, site)), 0o600)
	})
}

// caddyfile is the whole configuration. Without the admin interface, whose port is
// always the same, several can run at a time.
func caddyfile(address, site string) string {
	return fmt.Sprintf(`{
	admin off
	auto_https off
	storage file_system data
}
http://%s {
	respond %s 204
	%s
}
`, address, upPath, site)
}

func find() (string, error) {
	if program, err := exec.LookPath("caddy"); err == nil {
		return program, nil
	}
	return "", errors.New("caddytest: Caddy is not installed; on Debian: apt-get install caddy")
}
