package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// tryAll runs the tests with all guards on, which must pass, and then with each guard off.
// It fails only if the tests cannot be run. The results are stored in the mutants.
func (r *run) tryAll(ctx context.Context, b *testBuild, mutants []*mutant) error {
	var mu sync.Mutex // guards the rest
	var failures []error
	took := map[string]time.Duration{}
	r.each(sortedKeys(b.binaries), func(folder string) {
		began := time.Now()
		o := r.start(ctx, b, folder, "", "")
		mu.Lock()
		defer mu.Unlock()
		took[folder] = time.Since(began)
		if o.failed {
			failures = append(failures, fmt.Errorf("the tests of %s fail with all guards on:\n%s", folder, o.text))
		}
	})
	if err := errors.Join(append(failures, ctx.Err())...); err != nil {
		return err
	}
	// Without a guard, many tests wait for something that never happens.
	for folder, t := range took {
		b.patience[folder] = min(r.patience, 3*t+20*time.Second)
	}
	done := 0
	byID := map[string]*mutant{}
	var ids []string
	for _, m := range mutants {
		byID[m.id()] = m
		ids = append(ids, m.id())
	}
	r.each(ids, func(id string) {
		if ctx.Err() != nil {
			return
		}
		m, began := byID[id], time.Now()
		r.try(ctx, b, m)
		mu.Lock()
		defer mu.Unlock()
		done++
		fmt.Fprintf(r.out, "%3d/%d %5.1fs %s%s\n", done, len(mutants), time.Since(began).Seconds(), m, m.verdict())
	})
	return ctx.Err()
}

// each calls do with each name, a few at a time.
func (r *run) each(names []string, do func(name string)) {
	var workers sync.WaitGroup
	jobs := make(chan string)
	for range max(r.parallel, 1) {
		workers.Go(func() {
			for name := range jobs {
				do(name)
			}
		})
	}
	for _, name := range names {
		jobs <- name
	}
	close(jobs)
	workers.Wait()
}

func (m *mutant) verdict() string {
	switch m.noticed {
	case "":
		return " SURVIVED"
	case m.test:
		return " # " + m.test
	}
	if m.test == "" {
		return " # " + m.noticed
	}
	return fmt.Sprintf(" # %s (not %s any more)", m.noticed, m.test)
}

// try runs the test that the list names, then all tests.
func (r *run) try(ctx context.Context, b *testBuild, m *mutant) {
	if m.test != "" && r.start(ctx, b, m.tests, m.id(), m.test).failed {
		m.noticed = m.test
		return
	}
	// A flaky test may fail by chance, so it must fail twice.
	for range 2 {
		o := r.start(ctx, b, m.tests, m.id(), "")
		if !o.failed {
			return
		}
		if len(o.tests) == 0 {
			m.noticed = "TestMain"
			return
		}
		for _, test := range slices.Backward(o.tests) { // subtests first: they are quicker
			if r.start(ctx, b, m.tests, m.id(), test).failed {
				m.noticed = test
				return
			}
		}
	}
}

// outcome is the result of the tests.
type outcome struct {
	failed bool
	tests  []string // the first failed test, and its failed subtests, from the outside to the inside
	text   string
}

var (
	failedTest = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+) \(`)
	// For tests that hang, or panic outside of their goroutine.
	runningTest = regexp.MustCompile(`(?m)^(?:\s+running tests:\n\s+|.*\.)(Test\w+)[ (]`)
)

// start runs the tests of a package with one guard off, or none. Afterwards it ends the
// whole process group: a killed test leaves its children behind.
func (r *run) start(ctx context.Context, b *testBuild, folder, off, test string) outcome {
	patience := cmp.Or(b.patience[folder], r.patience)
	ctx, cancel := context.WithTimeout(ctx, patience+30*time.Second)
	defer cancel()
	args := []string{"-test.failfast", "-test.timeout", patience.String()}
	if r.skip != "" {
		args = append(args, "-test.skip", r.skip)
	}
	if test != "" {
		args = append(args, "-test.run", patternOf(test))
	}
	cmd := exec.CommandContext(ctx, b.binaries[folder], args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = b.packages[folder].Dir, &out, &out
	cmd.Env = append(os.Environ(), "MUTANT="+off)
	cmd.WaitDelay = 10 * time.Second
	end := inGroup(cmd)
	err := cmd.Run()
	end()
	return outcomeOf(out.String(), err)
}

func outcomeOf(text string, err error) outcome {
	o := outcome{failed: err != nil, text: text}
	for _, match := range failedTest.FindAllStringSubmatch(text, -1) {
		if n := len(o.tests); n > 0 && !strings.HasPrefix(match[1], o.tests[n-1]+"/") {
			break
		}
		o.tests = append(o.tests, match[1])
	}
	if match := runningTest.FindStringSubmatch(text); match != nil && o.tests == nil {
		o.tests = []string{match[1]}
	}
	return o
}

// patternOf returns the -test.run pattern that selects one test or subtest.
func patternOf(test string) string {
	parts := strings.Split(test, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}
