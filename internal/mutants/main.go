// Command mutants switches off the guards of the product one by one and runs the tests. If
// a guard is off and no test fails, the guard has survived, and the run fails.
//
// The guards are listed in testdata/mutants.txt of each package (list.go). All of them are
// built into the tests at once, each behind a switch (switch.go). So a run compiles each
// package's tests once and starts them once per guard.
//
// Usage, from the root of the module:
//
//	mutants [-j n] [-timeout d] [-skip pattern] [-names] [package folder ...]
//
// With folders like bff/session, it tries only their guards.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var r run
	flag.IntVar(&r.parallel, "j", runtime.NumCPU(), "how many tests run at a time")
	flag.DurationVar(&r.patience, "timeout", 5*time.Minute, "how long the tests of a package may take")
	flag.StringVar(&r.skip, "skip", "", "tests that are left out, as of go test, to find the others sooner")
	flag.BoolVar(&r.names, "names", false, "write into the lists which test has noticed")
	flag.Parse()
	r.root, r.only, r.out = ".", flag.Args(), os.Stdout
	if err := r.do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// run is one run over a module.
type run struct {
	root     string   // the module's folder
	only     []string // the packages whose guards are tried; empty: all with a list
	parallel int
	patience time.Duration
	skip     string
	names    bool
	out      io.Writer
}

// errSurvived reports surviving guards. Finding them is the purpose of a run.
var errSurvived = errors.New("no test notices that the guards above are off")

func (r *run) do(ctx context.Context) error {
	start := time.Now()
	work, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	packages, err := packagesIn(ctx, r.root)
	if err != nil {
		return err
	}
	mutants, err := readLists(packages, r.only)
	if err != nil {
		return err
	}
	build, err := rewrite(packages, mutants, work)
	if err != nil {
		return err
	}
	if err := build.compile(ctx, r.root); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "%d guards, their tests compiled in %v\n", len(mutants), time.Since(start).Round(time.Second))
	if err := r.tryAll(ctx, build, mutants); err != nil {
		return err
	}
	if r.names {
		if err := writeNames(mutants); err != nil {
			return err
		}
	}
	return r.report(mutants, time.Since(start))
}

func (r *run) report(mutants []*mutant, took time.Duration) error {
	survived := 0
	for _, m := range mutants {
		if m.noticed == "" {
			survived++
			fmt.Fprintf(r.out, "SURVIVED %s\n", m)
		}
	}
	fmt.Fprintf(r.out, "%d guards switched off, %d noticed, %d survived, in %v\n",
		len(mutants), len(mutants)-survived, survived, took.Round(time.Second))
	if survived > 0 {
		return errSurvived
	}
	return nil
}
