//go:build crash

package e2e

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// powerFS is a file system that loses power: of what was written to a file, only what
// was synced before is sure to be there afterwards. Of the other pages, each may be or
// not, as on a disk that writes them in any order.
//
// Programs see the folder live through FUSE. Each fsync of a file copies it to the
// folder durable. Names are durable at once, as ext4 and XFS nearly have it; a file
// that was renamed before it was synced is empty then.
type powerFS struct {
	live, durable string
	server        *fuse.Server

	mu    sync.Mutex
	off   bool // the power
	syncs int
}

const pageSize = 4096

// newPowerFS mounts one at a new folder.
func newPowerFS(t *testing.T, durable string) (p *powerFS, mounted string) {
	t.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil {
		t.Fatalf("this test mounts a file system: %v; run it on Linux, as root, with the module fuse", err)
	}
	p, mounted = &powerFS{live: t.TempDir(), durable: durable}, t.TempDir()
	if err := copyFolder(p.live, durable); err != nil {
		t.Fatal(err)
	}
	root := &fusefs.LoopbackRoot{Path: p.live}
	root.NewNode = func(*fusefs.LoopbackRoot, *fusefs.Inode, string, *syscall.Stat_t) fusefs.InodeEmbedder {
		return &powerNode{fusefs.LoopbackNode{RootData: root}, p}
	}
	var err error
	p.server, err = fusefs.Mount(mounted, &powerNode{fusefs.LoopbackNode{RootData: root}, p}, &fusefs.Options{
		MountOptions: fuse.MountOptions{DirectMountStrict: true, AllowOther: true, FsName: "power"},
	})
	if err != nil {
		t.Fatalf("mount: %v; run it as root", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(mounted, syscall.MNT_DETACH) })
	return p, mounted
}

// copyFolder keeps the modes, which os.CopyFS does not.
func copyFolder(to, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(from, path)
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), info.Mode().Perm())
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, info.Mode().Perm())
	})
}

// cut takes the power away: from now on nothing becomes durable.
func (p *powerFS) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.off = true
}

// settle leaves some of the pages that were never synced in the durable folder. The
// programs that used the file system have ended.
func (p *powerFS) settle(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(p.durable, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || rand.IntN(2) == 0 {
			return err
		}
		name, _ := filepath.Rel(p.durable, path)
		written, err := os.ReadFile(filepath.Join(p.live, name))
		if err != nil {
			return err
		}
		kept, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for offset := 0; offset < min(len(written), len(kept)); offset += pageSize {
			end := min(offset+pageSize, len(written), len(kept))
			if rand.IntN(2) == 0 && !bytes.Equal(written[offset:end], kept[offset:end]) {
				copy(kept[offset:end], written[offset:end])
			}
		}
		return os.WriteFile(path, kept, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// change makes a change of names durable, unless the power is off.
func (p *powerFS) change(do func() error) syscall.Errno {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.off {
		return syscall.EIO
	}
	if err := do(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fusefs.ToErrno(err)
	}
	return fusefs.OK
}

// powerNode is a file or folder.
type powerNode struct {
	fusefs.LoopbackNode
	fs *powerFS
}

func (n *powerNode) kept(name string) string { return filepath.Join(n.fs.durable, n.Path(nil), name) }

// Fsync makes the file durable.
func (n *powerNode) Fsync(context.Context, fusefs.FileHandle, uint32) syscall.Errno {
	return n.fs.change(func() error {
		n.fs.syncs++
		info, err := os.Stat(filepath.Join(n.fs.live, n.Path(nil)))
		if err != nil || info.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(n.fs.live, n.Path(nil)))
		if err != nil {
			return err
		}
		return os.WriteFile(n.kept(""), data, info.Mode().Perm())
	})
}

func (n *powerNode) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if errno := n.fs.change(func() error { return os.MkdirAll(n.kept(name), 0o700) }); errno != fusefs.OK {
		return nil, errno
	}
	return n.LoopbackNode.Mkdir(ctx, name, mode, out)
}

func (n *powerNode) Unlink(ctx context.Context, name string) syscall.Errno {
	if errno := n.fs.change(func() error { return os.Remove(n.kept(name)) }); errno != fusefs.OK {
		return errno
	}
	return n.LoopbackNode.Unlink(ctx, name)
}

func (n *powerNode) Rename(ctx context.Context, name string, to fusefs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	folder, ok := to.(*powerNode)
	if !ok {
		return syscall.EXDEV
	}
	errno := n.fs.change(func() error {
		err := os.Rename(n.kept(name), folder.kept(newName))
		if errors.Is(err, fs.ErrNotExist) { // it was never synced
			return os.WriteFile(folder.kept(newName), nil, 0o600)
		}
		return err
	})
	if errno != fusefs.OK {
		return errno
	}
	return n.LoopbackNode.Rename(ctx, name, to, newName, flags)
}

func (n *powerNode) Link(ctx context.Context, target fusefs.InodeEmbedder, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	old, ok := target.(*powerNode)
	if !ok {
		return nil, syscall.EXDEV
	}
	errno := n.fs.change(func() error {
		err := os.Link(old.kept(""), n.kept(name))
		if errors.Is(err, fs.ErrNotExist) {
			return os.WriteFile(n.kept(name), nil, 0o600)
		}
		return err
	})
	if errno != fusefs.OK {
		return nil, errno
	}
	return n.LoopbackNode.Link(ctx, target, name, out)
}

// TestThePowerFileSystemLosesWhatWasNotSynced tries the file system itself.
func TestThePowerFileSystemLosesWhatWasNotSynced(t *testing.T) {
	durable := t.TempDir()
	p, mounted := newPowerFS(t, durable)
	write := func(name, text string, sync bool) {
		f, err := os.Create(filepath.Join(mounted, name))
		if err == nil {
			_, err = f.WriteString(text)
		}
		if err == nil && sync {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	write("synced", "kept", true)
	write("lost", "lost", false)
	write("renamed too early", "lost", false)
	if err := os.Rename(filepath.Join(mounted, "renamed too early"), filepath.Join(mounted, "renamed")); err != nil {
		t.Fatal(err)
	}
	p.cut()
	if f, err := os.OpenFile(filepath.Join(mounted, "synced"), os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	} else if _, err = f.WriteString("late"); err != nil {
		t.Fatal(err)
	} else if err = f.Sync(); err == nil {
		t.Error("a file could be synced without power")
	} else {
		_ = f.Close()
	}
	for name, want := range map[string]string{"synced": "kept", "renamed": ""} {
		if got, err := os.ReadFile(filepath.Join(durable, name)); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(durable, "lost")); err == nil {
		t.Error("a file that was never synced is there")
	}
}
