//go:build unix

package pgtest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDataIsInMemoryUnlessTheUserChoosesAFolder(t *testing.T) {
	for temporary, want := range map[string]bool{"": hasRoom(memory), "/var/tmp": false} {
		t.Setenv("TMPDIR", temporary)
		folder, err := newDataFolder()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		if got := inMemory(folder); got != want {
			t.Errorf("with TMPDIR=%q got %s, want it in memory: %t", temporary, folder, want)
		}
	}
	if hasRoom("/proc") || hasRoom(filepath.Join(t.TempDir(), "missing")) {
		t.Error("a folder without room, or one that is missing, would be used")
	}
}
