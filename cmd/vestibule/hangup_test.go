//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

// wantExit ends the process and wants the code 0.
func wantExit(t *testing.T, cmd *exec.Cmd, ended <-chan error, log *logBuffer) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := exitCode(t, waittest.Receive(t, "exit", ended)); got != exitOK {
		t.Errorf("got code %d, want %d:\n%s", got, exitOK, log)
	}
}

// TestSIGHUPDuringTheStart: the start waits for a pipe as a file, so it is certain that the signals
// come before its end. The reload that follows finds an ordinary file at the same path.
func TestSIGHUPDuringTheStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, log, ended := launchReal(t, "serve", with(emptyEnv(t), settings.Environment{"BETTER_AUTH_SECRET_FILE": path}))
	hangUp := func() {
		for range 3 { // one reload, or another one at its end
			if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
	}
	w, err := os.OpenFile(path, os.O_WRONLY, 0) // returns when the process reads
	if err != nil {
		t.Fatal(err)
	}
	hangUp()
	replaceFile(t, path, strings.ToUpper(goodSecret))
	if _, err := w.WriteString(goodSecret); err != nil {
		t.Fatal(err)
	}
	w.Close()
	waittest.Until(t, "ready", func() bool { return isReady(log) })
	log.Want(t, `"msg":"this file has changed, and only a restart takes up its new value","setting":"BETTER_AUTH_SECRET_FILE"`)
	replaceFile(t, path, "short")
	hangUp()
	log.Want(t, `"setting":"BETTER_AUTH_SECRET","error":"BETTER_AUTH_SECRET is too short`)
	unchanged := func() int { return strings.Count(log.String(), "reload: no file has changed") }
	replaceFile(t, path, goodSecret)
	before := unchanged()
	hangUp()
	waittest.Until(t, "reloaded", func() bool { return unchanged() > before })
	if strings.Contains(strings.ToUpper(log.String()), strings.ToUpper(goodSecret)) {
		t.Error("the secret is in the log")
	}
	wantExit(t, cmd, ended, log)
}

// replaceFile puts another file in the place of path, in one step.
func replaceFile(t *testing.T, path, content string) {
	t.Helper()
	next := path + ".next"
	if err := os.WriteFile(next, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

func TestSIGHUPDuringTheStop(t *testing.T) {
	t.Parallel()
	cmd, log, ended := startReal(t, with(testEnv(t), settings.Environment{"DRAIN_DELAY": "1s"}))
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	log.Want(t, "stopping:")
	for {
		if cmd.Process.Signal(syscall.SIGHUP) != nil { // until it has ended
			break
		}
	}
	if got := exitCode(t, waittest.Receive(t, "exit", ended)); got != exitOK {
		t.Errorf("got code %d, want %d:\n%s", got, exitOK, log)
	}
}

// TestSIGHUPUnderNohup: the process inherits that the signal is ignored.
func TestSIGHUPUnderNohup(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", `trap "" HUP; exec "$0" serve`, os.Args[0])
	log, ended := begin(t, cmd, testEnv(t))
	waittest.Until(t, "ready", func() bool { return isReady(log) })
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	wantExit(t, cmd, ended, log)
	if strings.Contains(log.String(), "reload") {
		t.Errorf("it has reloaded:\n%s", log)
	}
}
