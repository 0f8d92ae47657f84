package settings

import (
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var discard = slog.New(slog.DiscardHandler)

func TestASecretIsCreatedOnceAndReadLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), secretFileName)
	made, err := readOrCreateSecretFile(path, discard)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := hex.DecodeString(string(made)); err != nil || len(raw) != 32 {
		t.Errorf("got a secret of %d characters (%v), want 64 in hex", len(made), err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("got mode %04o, want 0600", got)
	}
	again, err := readOrCreateSecretFile(path, discard)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(made) {
		t.Error("a second start got another secret")
	}
	other, err := readOrCreateSecretFile(filepath.Join(t.TempDir(), secretFileName), discard)
	if err != nil {
		t.Fatal(err)
	}
	if string(other) == string(made) {
		t.Error("another database got the same secret")
	}
}

func TestConcurrentStartsShareOneSecret(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, secretFileName)
	const starts = 32
	secrets := make([]string, starts)
	var gate, done sync.WaitGroup
	gate.Add(1)
	for i := range starts {
		done.Go(func() {
			gate.Wait()
			secret, err := readOrCreateSecretFile(path, discard)
			if err != nil {
				t.Error(err)
			}
			secrets[i] = string(secret)
		})
	}
	gate.Done()
	done.Wait()
	for i, secret := range secrets {
		if len(secret) != 64 || secret != secrets[0] {
			t.Errorf("start %d got %q, want the same 64 characters as start 0", i, secret)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		t.Errorf("got %v, want only the secret", files)
	}
}

func TestUnsafeSecretFilesAreRefused(t *testing.T) {
	const good = "aaaa7f9c8e3a2b1d4f6e8c9a0b2d3e4f5a6b"
	tests := []struct {
		name    string
		content string
		mode    os.FileMode
	}{
		{"readable by the group", good, 0o640},
		{"readable by everyone", good, 0o604},
		{"writable by everyone", good, 0o602},
		{"too short", good[:31], 0o600},
		{"one repeated letter", strings.Repeat("a", 64), 0o600},
		{"a published example", publishedSecrets[0], 0o600},
		{"empty", "", 0o600},
		{"only a newline", "\n", 0o600},
		{"two newlines", good + "\n\n", 0o600},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), secretFileName)
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil { // the umask limits the mode of WriteFile
				t.Fatal(err)
			}
			_, err := readOrCreateSecretFile(path, discard)
			var found Faults
			if !errors.As(err, &found) || found[0].Setting != "BETTER_AUTH_SECRET" || !strings.Contains(found[0].Problem, path) {
				t.Errorf("got %v, want a fault of BETTER_AUTH_SECRET that names the file", err)
			}
			if err != nil && strings.Contains(err.Error(), "aaaa") {
				t.Errorf("got %q, want it without the secret", err)
			}
			if content, _ := os.ReadFile(path); string(content) != tt.content {
				t.Error("the file was changed")
			}
		})
	}
}

func TestAFailureToWriteTheSecretNamesTheSetting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", secretFileName)
	_, err := readOrCreateSecretFile(path, discard)
	var f Failure
	if !errors.As(err, &f) || f.Setting != "BETTER_AUTH_SECRET" || !strings.Contains(err.Error(), secretCommand) {
		t.Errorf("got %v, want a failure of BETTER_AUTH_SECRET with its cure", err)
	}
}

func TestADanglingSecretLinkNamesTheSetting(t *testing.T) {
	path := filepath.Join(t.TempDir(), secretFileName)
	if err := os.Symlink("missing", path); err != nil {
		t.Fatal(err)
	}
	_, err := readOrCreateSecretFile(path, discard)
	var f Failure
	if !errors.As(err, &f) || f.Setting != "BETTER_AUTH_SECRET" {
		t.Errorf("got %v, want a failure of BETTER_AUTH_SECRET", err)
	}
}
