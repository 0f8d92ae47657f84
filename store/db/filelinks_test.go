package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/store"
	"vestibule/store/db"
)

func TestASymbolicLinkLeadsToTheSameClaim(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	if err := a.ClaimSessions(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "y.db")
	if err := os.Symlink(a.path, link); err != nil {
		t.Fatal(err)
	}
	wantClaimed(t, link)
	created(t, open(t, "sqlite:"+link), newTask(a.user.ID))

	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.Symlink(filepath.Dir(a.path), folder); err != nil {
		t.Fatal(err)
	}
	wantClaimed(t, filepath.Join(folder, "x.db"))
}

// wantClaimed checks that a second server that opens the path is refused.
func wantClaimed(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := open(t, "sqlite:"+path).ClaimSessions(ctx, cancel); !errors.Is(err, db.ErrClaimed) {
		t.Errorf("%s: got error %v, want %v", path, err, db.ErrClaimed)
	}
}

// TestAHardLinkIsRefused, because it would have a separate log.
func TestAHardLinkIsRefused(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	for _, link := range []string{filepath.Join(filepath.Dir(a.path), "y.db"), filepath.Join(t.TempDir(), "x.db")} {
		if err := os.Link(a.path, link); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(t.Context(), "sqlite:"+link); !errors.Is(err, db.ErrOtherName) {
			t.Errorf("%s: got error %v, want %v", link, err, db.ErrOtherName)
		}
		if _, err := os.Stat(link + "-wal"); err == nil {
			t.Errorf("%s has a log", link)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, "sqlite:"+filepath.Join(filepath.Dir(a.path), "y.db")) // without other users a hard link is accepted
}

func TestALinkToNoFileIsNamed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	link := filepath.Join(folder, "x.db")
	if err := os.Symlink(filepath.Join(folder, "nowhere.db"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), "sqlite:"+link); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("got error %v, want it named", err)
	}
}

// TestARedirectedLinkIsAReplacedFile: the file still exists, but the link leads to another
// one.
func TestARedirectedLinkIsAReplacedFile(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	link := filepath.Join(t.TempDir(), "current.db")
	if err := os.Symlink(a.path, link); err != nil {
		t.Fatal(err)
	}
	s := open(t, "sqlite:"+link)
	created(t, s, newTask(a.user.ID))
	remove(t, link)
	if err := os.Symlink(a.backup["copy"], link); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateTask(t.Context(), newTask(a.user.ID)); !errors.Is(err, db.ErrReplaced) {
		t.Errorf("got error %v, want %v", err, db.ErrReplaced)
	}
}

// TestAClaimNeedsNoLockFile: another program may have deleted it.
func TestAClaimNeedsNoLockFile(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	if err := a.ClaimSessions(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	remove(t, a.path+".sessions.lock")
	wantClaimed(t, a.path)
}
