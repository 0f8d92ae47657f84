package doctor

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vestibule/internal/settings"
)

// TestAFolderThatTheFirstStartCannotWriteIsAFailure: nobody else than root can write /usr.
func TestAFolderThatTheFirstStartCannotWriteIsAFailure(t *testing.T) {
	t.Parallel()
	c, faults := settings.Examine(settings.ForServe, nil, env("sqlite:/usr/vestibule-data/vestibule.db", nil))
	if faults != nil {
		t.Fatal(faults)
	}
	found := make(chan []Result)
	go func() {
		if os.Getuid() == 0 {
			runtime.LockOSThread() // and end the thread with this goroutine: it has lost its rights
			if err := unix.Setfsuid(65534); err != nil {
				t.Error(err)
			}
		}
		found <- (&Installation{Settings: c, By: settings.ForServe}).database(t.Context())
	}()
	got := <-found
	for i := range got {
		got[i].Check = "database"
	}
	wantOne(t, got, "database", Failure, "DATABASE_URL", "write /usr: permission denied", "its folder writable for this user")
}

// TestAFolderInPlaceOfTheDatabaseGetsNoAdviceForFiles: chmod 600 would lock it.
func TestAFolderInPlaceOfTheDatabaseGetsNoAdviceForFiles(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, r := range sqliteFiles(folder) {
		if strings.Contains(r.Text(), "chmod 600") {
			t.Errorf("got %q", r.Text())
		}
	}
}
