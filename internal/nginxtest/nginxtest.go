// Package nginxtest starts the nginx that is installed on this machine, for
// tests of what happens behind it.
//
// Each one has a folder and a port of its own, is one process, and ends with the
// test. What is missing on the machine fails the test and names the Debian
// package: a test that cannot run has not passed.
package nginxtest

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

// upPath is answered by nginx itself, whatever is behind it.
const upPath = "/.nginx-is-up"

// Config is what is written into nginx.conf. Relative paths in it are inside a
// folder that goes with the test.
type Config struct {
	HTTP   string // directives of the http block, like proxy_cache_path
	Server string // directives of the one server block; listen is added
}

// Start runs nginx and returns its URL, like http://127.0.0.1:12345, once it
// answers.
func Start(tb testing.TB, c Config) string {
	tb.Helper()
	program, err := find("/usr/sbin/nginx") // Debian's, not in everyone's PATH
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	for range 5 { // someone may be faster to the port
		var address string
		if address, err = freeport.Addr(); err != nil {
			tb.Fatal(err)
		}
		var n *process
		if n, err = start(program, dir, c.text(address)); err != nil {
			tb.Fatal(err)
		}
		if err = n.await("http://" + address); err == nil {
			tb.Cleanup(func() {
				n.stop()
				if tb.Failed() {
					tb.Logf("nginx:\n%s", &n.log)
				}
			})
			return "http://" + address
		}
		n.stop()
	}
	tb.Fatal(err)
	return ""
}

// text is the whole nginx.conf. Without a master there is one process to end.
func (c Config) text(address string) string {
	return fmt.Sprintf(`daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events {}
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	%s
	server {
		listen %s;
		location = %s { return 204; }
		%s
	}
}
`, c.HTTP, address, upPath, c.Server)
}

type process struct {
	cmd    *exec.Cmd
	log    testlog.Buffer
	exited chan struct{}
}

func start(program, dir, config string) (*process, error) {
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	n := &process{exited: make(chan struct{})}
	n.cmd = exec.Command(program, "-p", dir+"/", "-c", "nginx.conf", "-e", "stderr")
	n.cmd.Dir = dir
	n.cmd.Stdout, n.cmd.Stderr = &n.log, &n.log
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(n.exited)
		_ = n.cmd.Wait() // how it ends is of no interest, only that it has
	}()
	return n, nil
}

// await waits until nginx, and not somebody else on the port, answers.
func (n *process) await(url string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		select {
		case <-n.exited:
			return fmt.Errorf("nginx did not start; its log:\n%s", &n.log)
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
	return fmt.Errorf("nginx does not answer; its log:\n%s", &n.log)
}

func (n *process) stop() {
	_ = n.cmd.Process.Kill()
	<-n.exited
}

func find(fallback string) (string, error) {
	if program, err := exec.LookPath("nginx"); err == nil {
		return program, nil
	}
	if _, err := os.Stat(fallback); err == nil {
		return fallback, nil
	}
	return "", errors.New("nginxtest: nginx is not installed; on Debian: apt-get install nginx")
}
