package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

func TestAFailedStartPrintsOneLine(t *testing.T) {
	t.Parallel()
	inUse, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inUse.Close() })
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		name    string
		command string
		env     settings.Environment
		code    int
		setting string
	}{
		{"* in TRUSTED_ORIGINS", "serve", settings.Environment{"TRUSTED_ORIGINS": "*"}, exitUsage, "TRUSTED_ORIGINS"},
		{"a short secret", "serve", settings.Environment{"BETTER_AUTH_SECRET": "short"}, exitUsage, "BETTER_AUTH_SECRET"},
		{"a header that must not be forwarded", "serve", settings.Environment{"PROXY_FORWARD_HEADERS": "Cookie"}, exitUsage, "PROXY_FORWARD_HEADERS"},
		{"the BFF's port in use", "serve", settings.Environment{"BFF_ADDR": inUse.Addr().String()}, exitFailure, "BFF_ADDR"},
		{"the API's port in use", "api", settings.Environment{"API_ADDR": inUse.Addr().String()}, exitFailure, "API_ADDR"},
		{"the admin port in use", "bff", settings.Environment{"ADMIN_ADDR": inUse.Addr().String()}, exitFailure, "ADMIN_ADDR"},
		{"an address of another machine", "serve", settings.Environment{"BFF_ADDR": "192.0.2.1:0"}, exitFailure, "BFF_ADDR"},
		{"a host that does not exist", "serve", settings.Environment{"BFF_ADDR": "host.invalid:0"}, exitFailure, "BFF_ADDR"},
		{"a data folder that cannot be created", "serve", settings.Environment{"DATABASE_URL": "sqlite:" + file + "/vestibule.db"}, exitFailure, "DATABASE_URL"},
		{"a database that is a folder", "serve", settings.Environment{"DATABASE_URL": "sqlite:" + dir}, exitFailure, "DATABASE_URL"},
		{"a file that is not a database", "serve", settings.Environment{"DATABASE_URL": "sqlite:" + file}, exitFailure, "DATABASE_URL"},
		{"an unreachable database", "serve", settings.Environment{"DATABASE_URL": "postgres://u:hunter2@" + closedPort + "/x", "BETTER_AUTH_SECRET": goodSecret}, exitFailure, "DATABASE_URL"},
		{"an unreachable database to migrate", "migrate up", settings.Environment{"DATABASE_URL": "postgres://u:hunter2@" + closedPort + "/x"}, exitFailure, "DATABASE_URL"},
		{"an unmigrated database", "serve", settings.Environment{"MIGRATE": "false"}, exitFailure, "DATABASE_URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := once(t, tt.command, with(emptyEnv(t), tt.env))
			if code != tt.code {
				t.Errorf("got code %d, want %d", code, tt.code)
			}
			oneError(t, stderr, tt.setting)
			if stdout != "" || strings.Contains(stderr, "hunter2") {
				t.Errorf("got stdout %q, stderr %q", stdout, stderr)
			}
			if tt.setting == "API_ADDR" && !strings.Contains(stderr, "run vestibule bff in front of it") {
				t.Errorf("got %q, want the command for an API of one's own", stderr)
			}
			if tt.name == "an unmigrated database" && !strings.Contains(stderr, "vestibule migrate up") {
				t.Errorf("got %q, want the command that helps", stderr)
			}
		})
	}
}

func TestASecretThatCannotDecryptTheSigningKeysIsRefused(t *testing.T) {
	t.Parallel()
	env := with(emptyEnv(t), settings.Environment{"JWT_ALGORITHM": "EdDSA", "BETTER_AUTH_SECRET": goodSecret})
	i := start(t, "serve", env)
	i.stop()
	waittest.Receive(t, "exit", i.code)

	other := strings.ToUpper(goodSecret)
	code, _, stderr := once(t, "serve", with(env, settings.Environment{"BETTER_AUTH_SECRET": other}))
	if code != exitFailure {
		t.Errorf("got code %d, want %d", code, exitFailure)
	}
	oneError(t, stderr, "BETTER_AUTH_SECRET")

	i = start(t, "serve", with(env, settings.Environment{"BETTER_AUTH_SECRET": other, "BETTER_AUTH_SECRET_PREVIOUS": goodSecret}))
	i.stop()
	if code := waittest.Receive(t, "exit", i.code); code != exitOK {
		t.Errorf("with the previous secret: got code %d, want %d", code, exitOK)
	}
}

// It is not parallel: a process that another test starts holds our listeners too, for the
// moment between fork and exec.
func TestAFailedStartLeavesNoListenerBehind(t *testing.T) {
	env := emptyEnv(t)
	free, err := net.Listen("tcp", "127.0.0.9:0") // no other test listens at this address
	if err != nil {
		t.Fatal(err)
	}
	env["BFF_ADDR"] = free.Addr().String()
	_ = free.Close()
	if code, _, stderr := once(t, "serve", with(env, settings.Environment{"MIGRATE": "false"})); code != exitFailure {
		t.Fatalf("got code %d, want %d: %s", code, exitFailure, stderr)
	}
	again, err := net.Listen("tcp", env["BFF_ADDR"])
	if err != nil {
		t.Fatalf("got %v, want the address free again", err)
	}
	_ = again.Close()
}

func TestAStopDuringStartIsNotAnError(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ctx, cancel := cancelledContext(t)
	defer cancel()
	if code := run(ctx, []string{"serve"}, emptyEnv(t), strings.NewReader(""), &out, &out); code != exitOK {
		t.Errorf("got code %d, want %d: %s", code, exitOK, out.String())
	}
}

// A mistake that is found at once must not leave a migrated database behind.
func TestABadSecretFileChangesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "better-auth-secret"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := once(t, "serve", with(emptyEnv(t), settings.Environment{"DATABASE_URL": "sqlite:" + filepath.Join(folder, "v.db")}))
	if code != exitUsage {
		t.Errorf("got code %d, want %d", code, exitUsage)
	}
	oneError(t, stderr, "BETTER_AUTH_SECRET")
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("got files %v, %v; want only the secret file", files, err)
	}
}
