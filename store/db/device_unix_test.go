//go:build unix

package db_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vestibule/store"
)

func TestADeviceIsNotADatabase(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), "sqlite:"+path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got error %v, want one with %s", err, path)
	}
	if got := modes(t, folder); len(got) != 1 || got["pipe"] != 0o644 {
		t.Errorf("got %v in the folder, want the pipe as it was", got)
	}
}
