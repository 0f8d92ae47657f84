// Package caddytest starts the installed Caddy, for tests of what happens behind it.
//
// Each Caddy has its own folder and port, and ends with the test. A missing program fails
// the test and names the Debian package: a test that cannot run has not passed.
package caddytest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/childtest"
	"vestibule/internal/quicktest"
)

// upPath is answered by Caddy itself.
const upPath = "/.caddy-is-up"

// Compression has the directives of a site that compress every answer, however short.
const Compression = `encode {
	zstd
	gzip
	minimum_length 1
	match header Content-Type *
}
`

// TagsOfNewer has the directives of a site that append the suffix of Caddy 2.8 to the ETag
// of a compressed answer. Debian's older Caddy keeps the ETag.
const TagsOfNewer = `@gzip header Accept-Encoding *gzip*
header @gzip {
	ETag "^\"(.*)\"$" "\"$1-gzip\""
	defer
}
`

// Start runs Caddy with one site of these directives. It returns its URL, like
// http://127.0.0.1:12345, when Caddy answers. Relative paths are inside a folder that is
// deleted with the test.
func Start(tb testing.TB, site string) string {
	tb.Helper()
	return StartBeside(tb, site, "")
}

// StartBeside is Start with further sites, which are whole blocks of a Caddyfile. They need their
// own certificates.
func StartBeside(tb testing.TB, site, sites string) string {
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
		return cmd, os.WriteFile(filepath.Join(dir, "Caddyfile"), []byte(caddyfile(address, site)+sites), 0o600)
	})
}

// caddyfile is the whole configuration. The site answers for each host. The admin interface is off:
// its port is fixed, and several instances must run at the same time. HTTP/3 is off, because
// freeport keeps its UDP port.
func caddyfile(address, site string) string {
	host, port, _ := strings.Cut(address, ":")
	return fmt.Sprintf(`{
	admin off
	auto_https off
	storage file_system data
	servers {
		protocols h1 h2
	}
}
http://:%s {
	bind %s
	handle %s {
		respond 204
	}
	%s
}
`, port, host, upPath, site)
}

func find() (string, error) { return childtest.Find("caddy", "Caddy", "") }
