package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vestibule/internal/clienttest"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/testlog"
	"vestibule/internal/waittest"
)

// asProgram is a variable that makes the test binary behave as the program. Tests that
// need a separate process use it.
const asProgram = "VESTIBULE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	// Programs inherit that SIGHUP is ignored. The tests may run under nohup, and theirs must not.
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	clienttest.KeepConnections()
	os.Exit(m.Run())
}

// logBuffer keeps the output of the program while it runs.
type logBuffer struct{ testlog.Buffer }

// url returns the URL of a surface from the log, or "" if it does not listen yet.
func (l *logBuffer) url(surface string) string {
	for line := range strings.Lines(l.String()) {
		var record struct{ Msg, Surface, Address string }
		if json.Unmarshal([]byte(line), &record) == nil && record.Msg == "listening" && record.Surface == surface {
			return "http://" + record.Address
		}
	}
	return ""
}

// instance is the program, running in this process.
type instance struct {
	log  *logBuffer
	stop context.CancelFunc
	code chan int
}

// testEnv returns settings with free ports and a migrated database in a new folder.
func testEnv(t *testing.T) settings.Environment {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data", "vestibule.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	storetest.Fill(t, path)
	return envWith(path)
}

// emptyEnv is testEnv without a database: the program makes it, and its folder.
func emptyEnv(t *testing.T) settings.Environment {
	t.Helper()
	return envWith(filepath.Join(t.TempDir(), "data", "vestibule.db"))
}

func envWith(path string) settings.Environment {
	return settings.Environment{
		"BFF_ADDR": "127.0.0.1:0", "API_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0",
		"DATABASE_URL": "sqlite:" + path,
	}
}

// start starts the program and waits until it is ready.
func start(t *testing.T, command string, env settings.Environment) *instance {
	t.Helper()
	i := launch(t, command, env)
	waittest.Until(t, "ready", func() bool {
		select {
		case code := <-i.code:
			t.Fatalf("the program has ended with code %d:\n%s", code, i.log)
		default:
		}
		admin := i.log.url("admin")
		return admin != "" && waittest.Status(admin+"/readyz") == http.StatusOK
	})
	return i
}

// launch starts the program without waiting.
func launch(t *testing.T, command string, env settings.Environment) *instance {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	i := &instance{log: &logBuffer{}, stop: cancel, code: make(chan int, 1)}
	go func() { i.code <- run(ctx, strings.Fields(command), env, strings.NewReader(""), i.log, i.log) }()
	t.Cleanup(cancel)
	return i
}

// once runs the program until it exits. Tests of refused commands use testEnv too: without
// the guard the program would create its database in the current folder.
func once(t *testing.T, command string, env settings.Environment) (code int, stdout, stderr string) {
	t.Helper()
	return onceWith(t, command, env, "")
}

// onceWith runs the program with stdin as standard input until it exits.
func onceWith(t *testing.T, command string, env settings.Environment, stdin string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waittest.Patience)
	defer cancel()
	var out, errs bytes.Buffer
	code = run(ctx, strings.Fields(command), env, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// oneError fails unless stderr has exactly one error message, about setting.
func oneError(t *testing.T, stderr, setting string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "{") { // a record of the log
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "vestibule: "+setting+" ") || !strings.Contains(lines[0], "; ") {
		t.Errorf("got %q, want one line that names %s and the cure", lines, setting)
	}
	if strings.Contains(stderr, "goroutine ") {
		t.Errorf("got a stack trace:\n%s", stderr)
	}
}

// cancelledContext returns a context that is already cancelled.
func cancelledContext(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}
