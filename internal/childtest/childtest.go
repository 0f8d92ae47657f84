// Package childtest runs servers that are installed on this machine, such as nginx and
// Caddy, for tests of what happens behind them.
package childtest

import (
	"fmt"
	"net/http"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"vestibule/internal/freeport"
	"vestibule/internal/testlog"
)

// patience is long, for a machine that is busy with other tests.
const patience = 20 * time.Second

// Start runs a server. It returns its URL, like http://127.0.0.1:12345, when the server
// itself answers upPath with a 204. command makes the command that listens on an address.
// It is called again if another process takes the port first. The server ends with the
// test.
func Start(tb testing.TB, name, upPath string, command func(address string) (*exec.Cmd, error)) string {
	tb.Helper()
	var err error
	for range 5 {
		var address string
		if address, err = freeport.Addr(); err != nil {
			tb.Fatal(err)
		}
		var cmd *exec.Cmd
		if cmd, err = command(address); err != nil {
			tb.Fatal(err)
		}
		var c *child
		if c, err = start(name, cmd); err != nil {
			tb.Fatal(err)
		}
		if err = c.await("http://" + address + upPath); err == nil {
			tb.Cleanup(func() {
				c.stop()
				if tb.Failed() {
					tb.Logf("%s:\n%s", name, &c.log)
				}
			})
			return "http://" + address
		}
		c.stop()
	}
	tb.Fatal(err)
	return ""
}

type child struct {
	name   string
	cmd    *exec.Cmd
	log    testlog.Buffer
	exited chan struct{}
}

func start(name string, cmd *exec.Cmd) (*child, error) {
	c := &child{name: name, cmd: cmd, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &c.log, &c.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(c.exited)
		_ = cmd.Wait() // only the end matters, not its status
	}()
	return c, nil
}

// await waits until the child answers, and not another process on the port.
func (c *child) await(url string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		select {
		case <-c.exited:
			return fmt.Errorf("%s did not start; its log:\n%s", c.name, &c.log)
		default:
		}
		res, err := client.Get(url)
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusNoContent {
			return nil
		}
	}
	return fmt.Errorf("%s does not answer; its log:\n%s", c.name, &c.log)
}

func (c *child) stop() {
	_ = c.cmd.Process.Kill()
	<-c.exited
}
