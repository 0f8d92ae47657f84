//go:build unix

package pgtest

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// Folder makes a folder that the server may enter, for a tablespace.
func Folder(tb testing.TB) string {
	tb.Helper()
	folder, err := newFolder()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// Own gives a folder to the user that servers run as.
func Own(tb testing.TB, folder string) {
	tb.Helper()
	if err := chown(folder); err != nil {
		tb.Fatal(err)
	}
}

func chown(path string) error {
	if c := unprivileged(); c != nil {
		return os.Chown(path, int(c.Uid), int(c.Gid))
	}
	return nil
}

// unprivileged is the user for servers: PostgreSQL and PgBouncer refuse to run as root. It
// is nil, which means the current user, if the tests do not run as root.
var unprivileged = sync.OnceValue(func() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if errUID == nil && errGID == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return nil
})

// newFolder makes a folder for the unprivileged user. Its path is short, because the path
// of a Unix socket must be, and it is outside a TMPDIR that only root can enter.
func newFolder() (string, error) { return folderIn(os.TempDir(), "/tmp", "/var/tmp") }

// newDataFolder is like newFolder, for the databases of tests. It prefers memory: a copy of
// a database is 300 files, and ext4 takes as much time to make and remove them as PostgreSQL
// takes for the copy. A TMPDIR is the user's choice, and stays.
func newDataFolder() (string, error) {
	if os.Getenv("TMPDIR") == "" && hasRoom(memory) {
		if folder, err := folderIn(memory); err == nil {
			return folder, nil
		}
	}
	return newFolder()
}

// inMemory reports whether newDataFolder made the folder in memory.
func inMemory(folder string) bool { return filepath.Dir(folder) == memory }

func folderIn(parents ...string) (string, error) {
	for _, parent := range parents {
		if !open(parent) {
			continue
		}
		folder, err := os.MkdirTemp(parent, "pgtest-")
		if err != nil {
			continue
		}
		return folder, chown(folder)
	}
	return "", errors.New("no temporary directory that an unprivileged user can reach")
}

// open reports whether everyone may enter the folder and those above it.
func open(folder string) bool {
	for {
		info, err := os.Stat(folder)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return true
		}
		folder = parent
	}
}
