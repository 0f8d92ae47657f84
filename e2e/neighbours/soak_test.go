//go:build neighbours

package neighbours

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// resources is what the product uses.
type resources struct {
	memoryMiB, descriptors, threads, goroutines int
	walMiB, diskMiB                             float64
}

// How much the use of a resource may grow during the soak. Memory grows because the
// garbage collector returns it slowly. The disk grows by the rows that were created.
const (
	moreMemory      = 96 // MiB
	moreDescriptors = 16
	moreThreads     = 16
	moreGoroutines  = 24
	mostWAL         = 64.0  // MiB
	mostDisk        = 512.0 // MiB, on SQLite: the tasks of the attackers and the events of ten minutes
)

// TestSoak runs all attacks at the same time, each at a tenth of its strength, together
// with a well-behaved user. It compares the use of resources at the end with the use at
// the beginning.
func TestSoak(t *testing.T) {
	path := binary(t)
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			fresh := newSite(t, path, engine)
			newVictim(t, fresh).run(t, 5*time.Second, []string{opSignIn, opList, opCreate})
			time.Sleep(10 * time.Second)
			begin := fresh.resources(t)
			t.Logf("at the beginning: %+v", begin)

			s := newSite(t, path, engine)
			for _, a := range attacks { // all attacks use the same accounts and tasks
				if a.accounts > len(s.attackers) {
					s.prepare(t, a)
				}
			}
			s.addTasks(t, s.attackers[0], 200, "large", large)
			v := newVictim(t, s)
			var stops []func()
			for _, a := range attacks {
				stops = append(stops, s.attack(t, a, "NEIGHBOURS_SOAK=true"))
			}
			for start := time.Now(); time.Since(start) < *soakTime; {
				times := v.run(t, *soakTime/10, []string{opSignIn, opList, opCreate})
				t.Logf("after %v: %d MiB, %d descriptors, list %+v, create %+v, sign-in %+v", time.Since(start).Round(time.Second), s.status(t, "VmRSS:")/1024,
					s.descriptors(t), times[opList].sample(), times[opCreate].sample(), times[opSignIn].sample())
			}
			for _, stop := range stops {
				stop()
			}
			if why := v.why(); why != "" {
				t.Errorf("requests of the well-behaved user failed: %s", why)
			}
			v.client.CloseIdleConnections()
			time.Sleep(2 * time.Minute) // until idle connections are closed; the collector also returns memory slowly
			end := s.resources(t)
			t.Logf("at the end: %+v", end)
			for _, c := range []struct {
				what       string
				begin, end int
				more       int
			}{
				{"memory in MiB", begin.memoryMiB, end.memoryMiB, moreMemory},
				{"descriptors", begin.descriptors, end.descriptors, moreDescriptors},
				{"threads", begin.threads, end.threads, moreThreads},
				{"goroutines", begin.goroutines, end.goroutines, moreGoroutines},
			} {
				if c.end > c.begin+c.more {
					t.Errorf("%s: got %d at the end and %d at the beginning, want at most %d more", c.what, c.end, c.begin, c.more)
				}
			}
			if end.diskMiB > mostDisk {
				t.Errorf("got a database of %.0f MiB, want at most %v", end.diskMiB, mostDisk)
			}
			if end.walMiB > mostWAL {
				t.Errorf("got a write-ahead log of %.0f MiB, want at most %v", end.walMiB, mostWAL)
			}
		})
	}
}

// resources measures the product and then ends it: the Go runtime lists the goroutines
// when the process gets SIGQUIT.
func (s *site) resources(t *testing.T) resources {
	t.Helper()
	r := resources{memoryMiB: s.status(t, "VmRSS:") / 1024, threads: s.status(t, "Threads:"), descriptors: s.descriptors(t)}
	if info, err := os.Stat(filepath.Join(s.dir, "vestibule.db-wal")); err == nil {
		r.walMiB = float64(info.Size()) / (1 << 20)
	}
	if info, err := os.Stat(filepath.Join(s.dir, "vestibule.db")); err == nil {
		r.diskMiB = float64(info.Size()) / (1 << 20)
	}
	_ = s.cmd.Process.Signal(syscall.SIGQUIT)
	_ = s.cmd.Wait()
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	r.goroutines = len(regexp.MustCompile(`(?m)^goroutine \d+ `).FindAll(text, -1))
	if r.goroutines == 0 {
		t.Fatal("the log has no list of goroutines")
	}
	return r
}

func (s *site) descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/" + strconv.Itoa(s.cmd.Process.Pid) + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}
