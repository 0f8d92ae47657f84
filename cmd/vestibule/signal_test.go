//go:build unix

package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

// startReal runs the program as a separate process, so that the test can send it
// signals.
func startReal(t *testing.T, env settings.Environment) (*exec.Cmd, *logBuffer, <-chan error) {
	t.Helper()
	cmd, log, ended := launchReal(t, "serve", env)
	waittest.Until(t, "ready", func() bool { return isReady(log) })
	return cmd, log, ended
}

// launchReal is startReal without waiting.
func launchReal(t *testing.T, command string, env settings.Environment) (*exec.Cmd, *logBuffer, <-chan error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], command)
	log, ended := begin(t, cmd, env)
	return cmd, log, ended
}

// begin starts a command that runs os.Args[0] as vestibule with the settings env, directly or by a
// shell. ended gets its result when the program has ended too: it holds the log open.
func begin(t *testing.T, cmd *exec.Cmd, env settings.Environment) (log *logBuffer, ended <-chan error) {
	t.Helper()
	cmd.Env = []string{asProgram + "=1", "PATH=" + os.Getenv("PATH"), "GORACE=" + os.Getenv("GORACE")}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	log = &logBuffer{}
	cmd.Stdout, cmd.Stderr = io.Discard, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return log, done
}

// isReady reports whether the program with this log is ready.
func isReady(log *logBuffer) bool {
	admin := log.url("admin")
	return admin != "" && waittest.Status(admin+"/readyz") == http.StatusOK
}

// exitCode returns the exit code of a process that has ended with err, or -1 if a signal
// killed it.
func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return -1
}

func TestSIGTERMLetsARequestFinishAndASecondSignalDoesNot(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}, 1), make(chan struct{})
	slowAPI := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	}))
	defer slowAPI.Close()
	defer func() { close(release) }()

	begin := func(t *testing.T) (*exec.Cmd, *logBuffer, <-chan error, <-chan int) {
		t.Helper()
		cmd, log, ended := startReal(t, with(testEnv(t), settings.Environment{"BACKEND_URL": slowAPI.URL}))
		c, bff := browser(t), log.url("bff")
		request(t, c, http.MethodPost, bff+"/api/auth/signup", account)
		answer := make(chan int, 1)
		go func() {
			resp, err := c.Get(bff + "/api/proxy/slow")
			if err != nil {
				answer <- 0
				return
			}
			resp.Body.Close()
			answer <- resp.StatusCode
		}()
		waittest.Receive(t, "request at the API", entered)
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		waittest.Until(t, "unready", func() bool { return waittest.Status(log.url("admin")+"/readyz") == http.StatusServiceUnavailable })
		return cmd, log, ended, answer
	}

	t.Run("SIGTERM", func(t *testing.T) {
		_, log, ended, answer := begin(t)
		release <- struct{}{}
		if got := waittest.Receive(t, "answer", answer); got != http.StatusOK {
			t.Errorf("got %d for the request in progress, want 200", got)
		}
		if got := exitCode(t, waittest.Receive(t, "exit", ended)); got != exitOK {
			t.Errorf("got code %d, want %d:\n%s", got, exitOK, log)
		}
	})
	t.Run("a second signal", func(t *testing.T) {
		cmd, _, ended, answer := begin(t)
		start := time.Now()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if got := exitCode(t, waittest.Receive(t, "exit", ended)); got != exitSignal {
			t.Errorf("got code %d, want %d", got, exitSignal)
		}
		if took := time.Since(start); took >= 10*time.Second {
			t.Errorf("the exit took %v, want it at once", took)
		}
		if got := waittest.Receive(t, "answer", answer); got != 0 {
			t.Errorf("got status %d, want a broken connection", got)
		}
	})
}
