//go:build unix

package db_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/store/db"
)

// TestAFullDiskOfPostgreSQLIsUnavailableAndRecovers uses a tablespace on a small file
// system.
func TestAFullDiskOfPostgreSQLIsUnavailableAndRecovers(t *testing.T) {
	t.Parallel()
	disk := pgtest.Folder(t)
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=24m,mode=0777"); err != nil {
		t.Fatalf("mount a small disk: %v; run the tests as root, with the right to mount", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	url := pgtest.NewServer(t).Database(t)
	d := migratedURL(t, url, url)
	u, _ := signedUp(t, d)
	inside := filepath.Join(disk, "space")
	if err := os.Mkdir(inside, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(inside, 0o777); err != nil {
		t.Fatal(err)
	}
	pgtest.Own(t, inside)
	d.Exec(t, `CREATE TABLESPACE small LOCATION '`+inside+`'`)
	d.Exec(t, `ALTER TABLE tasks SET TABLESPACE small`)
	big, err := os.Create(filepath.Join(disk, "big"))
	for err == nil {
		_, err = big.Write(make([]byte, 8192))
	}
	if err := big.Close(); err != nil {
		t.Fatal(err)
	}
	task := newTask(u.ID)
	task.Description = new(repeat("x", 1500)) // stored in the table itself, not in TOAST
	acknowledged := 0
	for err = nil; err == nil && acknowledged < 1000; {
		if _, err = d.CreateTask(t.Context(), task); err == nil {
			acknowledged++
		}
	}
	wantError(t, "create", err, db.ErrUnavailable)
	wantError(t, "beat", d.Beat(t.Context(), "ins_test", base()), db.ErrUnavailable)
	if err := os.Remove(big.Name()); err != nil {
		t.Fatal(err)
	}
	created(t, d, task)
	if got := len(listed(t, d, u.ID)); got != acknowledged+1 {
		t.Errorf("got %d tasks, want the %d that were acknowledged", got, acknowledged+1)
	}
}

// TestAFullDiskOfABackupIsNoFaultOfTheDatabase: the error names the file that did not fit, and
// nothing is left of it.
func TestAFullDiskOfABackupIsNoFaultOfTheDatabase(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=200k,mode=0777"); err != nil {
		t.Fatalf("mount a small disk: %v; run the tests as root, with the right to mount", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	a := newAtPath(t)
	path := filepath.Join(disk, "x.db")
	_, restoring := db.Restore(t.Context(), a.backup["vacuum"], "sqlite:"+path, db.RestoreOptions{})
	for what, err := range map[string]error{"backup": a.Backup(t.Context(), path, db.BackupOptions{}), "restore": restoring} {
		if at, is := errors.AsType[*fs.PathError](err); !is || at.Path != path {
			t.Errorf("%s: got error %v, want one of %s", what, err, path)
		}
	}
	entries, err := os.ReadDir(disk)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".lock") {
			t.Errorf("%s is left", e.Name())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	created(t, a.database, newTask(a.user.ID))
}
