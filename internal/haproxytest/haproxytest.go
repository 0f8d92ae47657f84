// Package haproxytest starts the installed HAProxy, for tests of what happens behind it.
//
// Each HAProxy has its own folder and port, is one process, and ends with the test. A missing
// program fails the test and names the Debian package: a test that cannot run has not
// passed.
package haproxytest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/childtest"
	"vestibule/internal/freeport"
	"vestibule/internal/quicktest"
)

// upPath is answered by HAProxy itself.
const upPath = "/.haproxy-is-up"

// upFrontend is a frontend besides those of the test.
const upFrontend = `
frontend haproxy-is-up
	mode http
	timeout client 5s
	bind %s
	http-request return status 204 if { path %s }
	http-request return status 404
`

// Start runs HAProxy with a configuration, which has the addresses where it listens. It
// returns when HAProxy answers.
func Start(tb testing.TB, config string) {
	tb.Helper()
	quicktest.Skip(tb, "HAProxy")
	program, err := find("/usr/sbin/haproxy") // Debian's, not in everyone's PATH
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(tb.TempDir(), "haproxy.cfg")
	childtest.Start(tb, "HAProxy", upPath, func(address string) (*exec.Cmd, error) {
		text := config + fmt.Sprintf(upFrontend, address, upPath)
		return exec.Command(program, "-db", "-f", file), os.WriteFile(file, []byte(text), 0o600)
	})
}

// InFront runs HAProxy in front of one server, whose URL has no path. It returns HAProxy's URL.
func InFront(tb testing.TB, server string) (url string) {
	tb.Helper()
	address, err := freeport.Addr()
	if err != nil {
		tb.Fatal(err)
	}
	Start(tb, fmt.Sprintf(`
defaults
	mode http
	timeout connect 2s
	timeout client 5m
	timeout server 5m
	option http-no-delay
listen front
	bind %s
	http-request set-header X-From haproxy
	server one %s
`, address, strings.TrimPrefix(server, "http://")))
	return "http://" + address
}

// Connect opens a stream behind HAProxy, where others have left their places, and returns what
// leaves it. A stream waits a second for a place. On a busy machine HAProxy may need longer to
// close those that have left, so it tries again, but ends before the next heartbeat.
func Connect(tb testing.TB, open func() (status int, leave func())) (leave func()) {
	tb.Helper()
	for range 10 {
		status, leave := open()
		if status == http.StatusOK {
			return leave
		}
		leave()
	}
	tb.Fatal("got no place of a stream that has left")
	return nil
}

func find(fallback string) (string, error) {
	return childtest.Find("haproxy", "HAProxy", fallback)
}
