package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/internal/quicktest"
)

// TestMain runs the parts of bench that are processes of their own: for them, this test is
// the program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if run, ok := subcommands[os.Args[1]]; ok {
			exit(run(os.Args[2:]))
		}
	}
	var err error
	if programs, err = os.MkdirTemp("", "vestibule-bench-test-"); err != nil {
		exit(err)
	}
	code := m.Run()
	_ = os.RemoveAll(programs)
	os.Exit(code)
}

// programs is the folder of what built builds.
var programs string

// built is the program to measure. All tests share it.
var built = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programs, "vestibule")
	// The form of a release, which make lint and e2e have compiled already.
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "vestibule/cmd/vestibule")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		err = &buildError{string(out), err}
	}
	return path, err
})

type buildError struct {
	output string
	err    error
}

func (e *buildError) Error() string { return e.err.Error() + ": " + e.output }

func newTestGround(t *testing.T) *ground {
	t.Helper()
	quicktest.Skip(t, "nginx and PostgreSQL")
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	g, err := newGround(settings{binary: binary, duration: time.Second, rounds: 1}, t.TempDir(), "ground")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.close)
	return g
}

// answersEach starts the contestants and sends one request to each. Those that look at a cookie
// refuse one that has been changed, which fails the probe that every run makes. make test has
// no contestants that must be downloaded: they are left out.
func answersEach(t *testing.T, g *ground, ways []way) {
	t.Helper()
	for _, w := range ways {
		if strings.Contains(w.name, "oauth2-proxy") || strings.Contains(w.name, "PocketBase") || strings.Contains(w.name, "Better Auth") {
			continue
		}
		e, err := w.start(t.Context(), g)
		if err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		if _, err := e.probe(t.Context()); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		table, err := processes()
		if err != nil {
			t.Fatal(err)
		}
		if table.memoryMiB(e.front...) == 0 {
			t.Errorf("%s: its processes %v have no memory", w.name, e.front)
		}
		if e.header["Cookie"] == "" {
			continue
		}
		e.header["Cookie"] += "x"
		if _, err := e.probe(t.Context()); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("%s: got error %v for another cookie, want one with 401", w.name, err)
		}
	}
}

func TestContestantsAnswer(t *testing.T) {
	g := newTestGround(t) // with one API and one PostgreSQL for all
	for name, ways := range map[string][]way{
		"split": splitWays(), "serve": serveWays("SQLite"), "serve on PostgreSQL": serveWays("PostgreSQL"),
		"list": listWays(), "create": createWays(), "download": bodyWays(false), "upload": bodyWays(true),
		"sessions": {grownWay("a few", 200, 1)}, "routes": routesWays(),
	} {
		t.Run(name, func(t *testing.T) { answersEach(t, g, ways) })
	}
}

// TestEverythingEnds: what a ground has started is gone after close.
func TestEverythingEnds(t *testing.T) {
	g := newTestGround(t)
	e, err := nginxAuthRequest("SQLite").start(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	before, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	g.close()
	after, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	for pid := range before.tree(append(e.front, e.behind...)...) {
		if row, ok := after[pid]; ok && row.parent != 1 { // init has not yet collected it
			t.Errorf("process %d is still there", pid)
		}
	}
}
