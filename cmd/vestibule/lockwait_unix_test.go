//go:build unix

package main

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/testlog"
	"vestibule/internal/waittest"
)

// TestWhoeverWaitsForTheMigrationOfAnotherProcessSaysSo, on SQLite too.
func TestWhoeverWaitsForTheMigrationOfAnotherProcessSaysSo(t *testing.T) {
	t.Parallel()
	env := with(emptyEnv(t), settings.Environment{"BETTER_AUTH_SECRET": goodSecret, "MIGRATE": "true"})
	if code, _, stderr := once(t, "migrate up", env); code != exitOK {
		t.Fatal(stderr)
	}
	const wait = "another process migrates this database, for "
	for command, want := range map[string]string{
		"migrate status": "vestibule: waiting for a lock: " + wait,
		"user list":      "vestibule: waiting for a lock: " + wait,
		"serve":          `"msg":"the start waits for another process","setting":"DATABASE_URL","wait":"waiting for a lock: ` + wait,
	} {
		lock, err := os.OpenFile(strings.TrimPrefix(env["DATABASE_URL"], "sqlite:")+".lock", os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var stdout, stderr testlog.Buffer
		code := make(chan int, 1)
		go func() { code <- run(ctx, strings.Fields(command), env, strings.NewReader(""), &stdout, &stderr) }()
		waittest.Until(t, command+" says that it waits", func() bool { return strings.Contains(stderr.String(), want) })
		_ = lock.Close()
		if command == "serve" {
			waittest.Until(t, "the start", func() bool { return strings.Contains(stdout.String()+stderr.String(), "http://") })
			cancel()
		}
		if got := waittest.Receive(t, "the end of "+command, code); got != exitOK {
			t.Errorf("%s: got code %d, %q", command, got, stderr.String())
		}
		cancel()
	}
}
