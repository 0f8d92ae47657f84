package e2e

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestADatabaseFileThatIsTakenAway: the product acknowledges no write that would be lost.
// /readyz fails, and the log names the cure. The next start finds a sound file with the
// operator's content. If only the write-ahead log of the old file is left, the next start
// makes no new file.
func TestADatabaseFileThatIsTakenAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		split bool
		take  func(f *onFile)
		tasks int // that the next start finds; 0 where it is refused
	}{
		{"deleted", false, func(f *onFile) { f.must(os.Remove(f.file)) }, 0},
		{"moved away", true, func(f *onFile) { f.must(os.Rename(f.file, f.file+".old")) }, 0},
		{"replaced by a rename", false, func(f *onFile) { f.must(os.Rename(f.backup["copy"], f.file)) }, 1},
		{"replaced by a rename, two processes", true, func(f *onFile) { f.must(os.Rename(f.backup["vacuum"], f.file)) }, 1},
		{"deleted and restored", false, func(f *onFile) {
			f.must(os.Remove(f.file))
			f.copy(f.backup["vacuum"], f.file)
		}, 1},
		{"all files deleted", false, func(f *onFile) {
			f.must(errors.Join(os.Remove(f.file), os.Remove(f.file+"-wal"), os.Remove(f.file+"-shm")))
			f.copy(f.backup["copy"], f.file)
		}, 1},
		{"log deleted", false, func(f *onFile) { f.must(os.Remove(f.file + "-wal")) }, 21},
		{"index of the log deleted, two processes", true, func(f *onFile) { f.must(os.Remove(f.file + "-shm")) }, 21},
		{"written over with a copy", false, func(f *onFile) { f.copy(f.backup["copy"], f.file) }, 1},
		{"written over with a vacuumed backup, two processes", true, func(f *onFile) { f.copy(f.backup["vacuum"], f.file) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newOnFile(t, c.split)
			f.grow()
			c.take(f)
			for i := range f.run {
				f.untilReadyz(i, http.StatusServiceUnavailable)
				f.run[i].log.Want(t, "restart vestibule")
			}
			refused := f.ada.send(http.MethodPost, f.ada.origin+"/api/proxy/me/tasks", `{"title":"lost"}`)
			f.ada.want(refused, http.StatusServiceUnavailable, "STORE_UNAVAILABLE")
			if refused.header.Get("Retry-After") == "" {
				t.Error("got no Retry-After")
			}
			f.stop()
			if c.tasks == 0 {
				p := start(t, binary(t, build.plain), f.dir, append(f.env, "ADMIN_ADDR="+f.addr[2]), "serve")
				if code := p.wait(); code != 1 || !strings.Contains(p.log.String(), f.file+"-wal") {
					t.Errorf("next start: got exit code %d, want 1 and a line that names the log", code)
				}
				return
			}
			f.start()
			if got := f.tasks(); got != c.tasks {
				t.Errorf("next start: got %d tasks, want %d", got, c.tasks)
			}
			f.create()
			if got := f.sql(`PRAGMA integrity_check`); got != "ok" {
				t.Errorf("next start: got integrity %s", got)
			}
		})
	}
}

// TestASecondServerIsRefusedByWhateverPath it opens the same file.
func TestASecondServerIsRefusedByWhateverPath(t *testing.T) {
	t.Parallel()
	f := newOnFile(t, false)
	folder := filepath.Dir(f.file)
	elsewhere := func(name string) string { return filepath.Join(f.dir, name) }
	f.must(os.Symlink(f.file, elsewhere("link.db")))
	f.must(os.Symlink(folder, elsewhere("linked")))
	f.must(os.Link(f.file, elsewhere("hard.db")))
	f.must(os.Mkdir(elsewhere("mounted"), 0o700))
	f.must(os.WriteFile(elsewhere("file.db"), nil, 0o600))
	const waits, otherName = "waiting for another process", "under another name"
	paths := map[string]string{
		elsewhere("link.db"):             waits,
		elsewhere("linked/vestibule.db"): waits,
		folder + "/../data/vestibule.db": waits,
		elsewhere("hard.db"):             otherName,
	}
	if mount(t, folder, elsewhere("mounted")) && mount(t, f.file, elsewhere("file.db")) {
		paths[elsewhere("mounted/vestibule.db")] = waits
		paths[elsewhere("file.db")] = otherName
	} else {
		t.Log("mounts are left out: they need root")
	}
	for path, want := range paths {
		t.Run(strings.TrimPrefix(path, f.dir), func(t *testing.T) {
			addr := freeAddrs(t, 3)
			p := start(t, binary(t, build.plain), f.dir, []string{"BASE_URL=http://" + addr[0], "BFF_ADDR=" + addr[0], "API_ADDR=" + addr[1],
				"ADMIN_ADDR=" + addr[2], "DATABASE_URL=sqlite:" + path, "BETTER_AUTH_SECRET=" + secret, "LOG_FORMAT=json"}, "serve")
			p.log.Want(t, want)
			if strings.Contains(p.log.String(), `"listening"`) {
				t.Error("it serves beside the first one")
			}
		})
	}
	f.create()
}

// mount mounts a file or folder at a second place. It returns false without the right to.
func mount(t *testing.T, from, to string) bool {
	t.Helper()
	if err := syscall.Mount(from, to, "", syscall.MS_BIND, ""); err != nil {
		return false
	}
	t.Cleanup(func() { _ = syscall.Unmount(to, syscall.MNT_DETACH) })
	return true
}

// TestADiskThatFillsUpIsRefusedAndRecovers: on a file system of three megabytes.
func TestADiskThatFillsUpIsRefusedAndRecovers(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=3m"); err != nil {
		t.Fatalf("mount a small disk: %v; run the tests as root, with the right to mount", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	f := &onFile{t: t, dir: t.TempDir(), addr: freeAddrs(t, 4), file: filepath.Join(disk, "vestibule.db")}
	f.env = []string{"BASE_URL=http://" + f.addr[0], "BFF_ADDR=" + f.addr[0], "API_ADDR=" + f.addr[1], "DATABASE_URL=sqlite:" + f.file,
		"BETTER_AUTH_SECRET=" + secret, "LOG_FORMAT=json"}
	f.start()
	f.ada = newBrowser(t, "http://"+f.addr[0])
	f.ada.signUp("ada@example.com")
	f.create()
	acknowledged := 1

	// Something else fills it.
	big, err := os.Create(filepath.Join(disk, "big"))
	f.must(err)
	for err == nil {
		_, err = big.Write(make([]byte, 4096))
	}
	f.must(big.Close())
	refused := false
	body := `{"title":"one","description":` + strconv.Quote(strings.Repeat("x", 5000)) + `}`
	for range 500 {
		a := f.ada.send(http.MethodPost, f.ada.origin+"/api/proxy/me/tasks", body)
		if a.status == http.StatusCreated {
			acknowledged++
			continue
		}
		f.ada.want(a, http.StatusServiceUnavailable, "")
		if refused = true; a.header.Get("Retry-After") == "" {
			t.Error("got no Retry-After")
		}
		break
	}
	if !refused {
		t.Fatal("a full disk refuses nothing")
	}
	f.untilReadyz(0, http.StatusServiceUnavailable)
	f.run[0].log.Want(t, "the database cannot be used")
	f.must(os.Remove(big.Name()))
	f.untilReadyz(0, http.StatusOK)
	f.create()
	if got := f.tasks(); got != acknowledged+1 {
		t.Errorf("got %d tasks, want the %d that were acknowledged", got, acknowledged+1)
	}
}
