package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// shared are products that run for the whole test process, one of each shape. Tests use
// them at the same time, each with other users. A test that stops, breaks or configures the
// product starts another one.
var shared = kept[*product]{make: func(t testing.TB, kind string) *product {
	s := shapes[slices.IndexFunc(shapes, func(s shape) bool { return s.name == kind })]
	return launch(t, s, "RATE_LIMIT=off")
}}

// sharedProduct is the running product in this shape.
func sharedProduct(t testing.TB, s shape) *product {
	t.Helper()
	return shared.get(t, s.name).of(t)
}

// of returns the product for one test. The test fails if the race detector reports something
// before the test ends. If the test fails, it shows the product's logs.
func (p *product) of(t testing.TB) *product {
	mine := *p
	mine.t, mine.admin, mine.processes = t, slices.Clone(p.admin), slices.Clone(p.processes)
	from := make([]int, len(p.processes))
	for i, one := range p.processes {
		from[i] = len(one.log.String())
	}
	t.Cleanup(func() {
		for i, one := range p.processes {
			log := one.log.String()[from[i]:]
			if strings.Contains(log, "DATA RACE") {
				t.Error("vestibule has a data race")
			}
			if t.Failed() {
				t.Logf("the log meanwhile, of others too; it ends:\n%s", log[max(0, len(log)-20_000):])
			}
		}
	})
	return &mine
}

var apps = kept[*app]{make: func(t testing.TB, _ string) *app { return newAppOf(t) }}

// sharedApp is the app of a running product, for tests that do not cut its network.
func sharedApp(t *testing.T) *app {
	t.Helper()
	a := apps.get(t, "")
	return &app{a.product.of(t), a.wire, a.browser}
}

var browsers = kept[context.Context]{make: startChromium}

// kept makes a value for the first test that asks for it, and keeps it until the last test
// has ended.
type kept[T any] struct {
	make func(t testing.TB, kind string) T
	mu   sync.Mutex
	made map[string]T
}

func (k *kept[T]) get(t testing.TB, kind string) T {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.made == nil {
		k.made = map[string]T{}
	}
	if one, ok := k.made[kind]; ok {
		return one
	}
	one := k.make(lasting{t}, kind) // if that fails the test, the next test tries again
	k.made[kind] = one
	return one
}

// lasting is a test that makes a value for later tests too: clean-up waits until the last
// test has ended.
type lasting struct{ testing.TB }

var atTheEnd struct {
	mu      sync.Mutex
	do      []func()
	faults  bool
	started bool
}

func (lasting) Cleanup(do func()) {
	atTheEnd.mu.Lock()
	defer atTheEnd.mu.Unlock()
	atTheEnd.do = append(atTheEnd.do, do)
}

func (l lasting) TempDir() string {
	l.Helper()
	dir, err := os.MkdirTemp(binDir, "")
	if err != nil {
		l.Fatal(err)
	}
	return dir
}

func (lasting) Context() context.Context { return context.Background() }

func (l lasting) Failed() bool {
	return l.ended() && atTheEnd.faults || !l.ended() && l.TB.Failed()
}

func (l lasting) Errorf(format string, args ...any) {
	if !l.ended() {
		l.TB.Errorf(format, args...)
		return
	}
	atTheEnd.faults = true
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

func (l lasting) Logf(format string, args ...any) {
	if !l.ended() {
		l.TB.Logf(format, args...)
		return
	}
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

func (lasting) ended() bool {
	atTheEnd.mu.Lock()
	defer atTheEnd.mu.Unlock()
	return atTheEnd.started
}

// endShared cleans up what the tests have shared, the newest first. It returns false if it
// finds a fault, for example a data race.
func endShared() bool {
	atTheEnd.mu.Lock()
	atTheEnd.started = true
	atTheEnd.mu.Unlock()
	for _, do := range slices.Backward(atTheEnd.do) {
		do()
	}
	return !atTheEnd.faults
}
