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
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"vestibule/internal/freeport"
	"vestibule/internal/testlog"
)

// patience is for a machine that is busy with other tests.
const patience = 20 * time.Second

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
	program, err := find()
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	for range 5 { // someone may be faster to the port
		var address string
		if address, err = freeport.Addr(); err != nil {
			tb.Fatal(err)
		}
		var c *process
		if c, err = start(program, dir, caddyfile(address, site)); err != nil {
			tb.Fatal(err)
		}
		if err = c.await("http://" + address); err == nil {
			tb.Cleanup(func() {
				c.stop()
				if tb.Failed() {
					tb.Logf("Caddy:\n%s", &c.log)
				}
			})
			return "http://" + address
		}
		c.stop()
	}
	tb.Fatal(err)
	return ""
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

type process struct {
	cmd    *exec.Cmd
	log    testlog.Buffer
	exited chan struct{}
}

func start(program, dir, config string) (*process, error) {
	if err := os.WriteFile(filepath.Join(dir, "Caddyfile"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	c := &process{exited: make(chan struct{})}
	c.cmd = exec.Command(program, "run", "--config", "Caddyfile", "--adapter", "caddyfile")
	c.cmd.Dir = dir
	c.cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	c.cmd.Stdout, c.cmd.Stderr = &c.log, &c.log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(c.exited)
		_ = c.cmd.Wait() // how it ends is of no interest, only that it has
	}()
	return c, nil
}

// await waits until Caddy, and not somebody else on the port, answers.
func (c *process) await(url string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		select {
		case <-c.exited:
			return fmt.Errorf("caddy did not start; its log:\n%s", &c.log)
		default:
		}
		res, err := client.Get(url + upPath)
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusNoContent {
			return nil
		}
	}
	return fmt.Errorf("caddy does not answer; its log:\n%s", &c.log)
}

func (c *process) stop() {
	_ = c.cmd.Process.Kill()
	<-c.exited
}

func find() (string, error) {
	if program, err := exec.LookPath("caddy"); err == nil {
		return program, nil
	}
	return "", errors.New("caddytest: Caddy is not installed; on Debian: apt-get install caddy")
}
