//go:build crash

package e2e

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"vestibule/internal/pgtest"
)

// crashes is how often the product ends in the middle of its work.
const crashes = 15

// TestAKillLosesNothing kills the product again and again under load, and starts it at
// once.
func TestAKillLosesNothing(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			dir := t.TempDir()
			database := "sqlite:" + filepath.Join(dir, "vestibule.db")
			if engine == "postgres" {
				database = pgtest.Database(t)
			}
			c := newCrasher(t)
			for range crashes {
				p := c.start(t, dir, database)
				c.check(t)
				c.load(t, func() { p.kill(t) })
			}
			c.start(t, dir, database)
			c.check(t)
			c.report(t)
		})
	}
}

// TestALossOfPowerLosesNothing kills the program and drops everything that was not synced.
func TestALossOfPowerLosesNothing(t *testing.T) {
	c, durable, syncs := newCrasher(t), t.TempDir(), 0
	for range crashes {
		fs, dir := newPowerFS(t, durable)
		p := c.start(t, dir, "sqlite:data/vestibule.db")
		c.check(t)
		c.load(t, func() {
			fs.cut()
			p.kill(t)
		})
		if err := fs.server.Unmount(); err != nil {
			t.Fatal(err)
		}
		fs.settle(t)
		syncs += fs.syncs
	}
	c.start(t, durable, "sqlite:data/vestibule.db")
	c.check(t)
	c.report(t)
	t.Logf("%d files were synced", syncs)
}

// TestAFullDiskRefusesAndRecovers fills the disk of a SQLite database, and makes room.
func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Fatalf("mount a small disk: %v; run it as root", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	c := newCrasher(t)
	c.start(t, dir, "sqlite:"+filepath.Join(dir, "vestibule.db"))
	c.check(t)
	for range 3 {
		filler := filepath.Join(dir, "filler")
		f, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(f, endless{}); err == nil {
			t.Fatal("the disk has no end")
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		c.load(t, nil)
		if c.refused == 0 {
			t.Fatal("nothing was refused on a full disk")
		}
		c.check(t) // reading goes on
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		before := len(c.tasks)
		for start := time.Now(); len(c.tasks) == before; {
			if time.Since(start) > 30*time.Second {
				t.Fatal("nothing can be written although there is room again")
			}
			c.load(t, nil)
		}
		c.check(t)
	}
	c.report(t)
}

// endless is a file that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
