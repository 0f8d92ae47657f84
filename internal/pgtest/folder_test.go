//go:build unix

package pgtest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDataIsInMemoryUnlessTheUserChoosesAFolder(t *testing.T) {
	for temporary, inMemory := range map[string]bool{"": hasRoom(memory), "/var/tmp": false} {
		t.Setenv("TMPDIR", temporary)
		folder, err := newDataFolder()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		if got := filepath.Dir(folder) == memory; got != inMemory {
			t.Errorf("with TMPDIR=%q got %s, want it in memory: %t", temporary, folder, inMemory)
		}
	}
	if hasRoom("/proc") || hasRoom(filepath.Join(t.TempDir(), "missing")) {
		t.Error("a folder without room, or one that is missing, would be used")
	}
}
