//go:build unix

package main

import (
	"io"
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

// TestSIGHUPDuringTheStart: the start waits for a pipe as a file, so it is certain that the signal
// comes before its end. The reload that follows reads the pipe again.
func TestSIGHUPDuringTheStart(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "secret")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, log, ended := launchReal(t, "serve", with(testEnv(t), settings.Environment{"BETTER_AUTH_SECRET_FILE": pipe}))
	give := func(secret string, before func()) {
		t.Helper()
		w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // returns when the process reads
		if err != nil {
			t.Fatal(err)
		}
		before()
		if _, err := w.WriteString(secret); err != nil {
			t.Fatal(err)
		}
		w.Close()
	}
	hangUp := func() {
		for range 3 { // one reload
			if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
	}
	give(goodSecret, hangUp)
	waittest.Until(t, "ready", func() bool { return isReady(log) })
	give(strings.ToUpper(goodSecret), func() {})
	log.Want(t, `"msg":"this file has changed, and only a restart takes up its new value","setting":"BETTER_AUTH_SECRET_FILE"`)
	hangUp()
	give("short", hangUp) // a signal during a reload asks for one more
	log.Want(t, `"setting":"BETTER_AUTH_SECRET","error":"BETTER_AUTH_SECRET is too short`)
	give(goodSecret, func() {})
	waittest.Until(t, "reloaded", func() bool { return strings.Count(log.String(), "reload: no file has changed") == 2 })
	if strings.Contains(strings.ToUpper(log.String()), strings.ToUpper(goodSecret)) {
		t.Error("the secret is in the log")
	}
	wantExit(t, cmd, ended, log)
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
	cmd.Env = []string{asProgram + "=1", "PATH=" + os.Getenv("PATH")}
	for name, value := range testEnv(t) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	log := &logBuffer{}
	cmd.Stdout, cmd.Stderr = io.Discard, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	waittest.Until(t, "ready", func() bool { return isReady(log) })
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	wantExit(t, cmd, ended, log)
	if strings.Contains(log.String(), "reload") {
		t.Errorf("it has reloaded:\n%s", log)
	}
}
