package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A list has one line for each guard:
//
//	Limiter.Take: if wait > 0 => false # TestABlockEndsDespiteFurtherAttempts
//
// The line has the function or method, a piece of its source, and the replacement that
// switches the guard off. The piece is an expression, a statement, or the head of an if,
// which means its condition. It must occur in the function exactly once. If it occurs more
// often, "in" and the head of an if or a case choose one: "return nil in case err == nil".
// White space does not count. To leave a statement out, replace it with {}. Outside of
// functions, the place is called "var".
//
// After # is the test that notices. It is tried first; if it does not notice, all tests of
// the package are tried. If the tests of another package notice the guard, the folder of
// that package comes before the test: "# bff TestForget". Other lines that begin with # are
// comments.

// listFile is the path of a package's list.
const listFile = "testdata/mutants.txt"

// mutant is a guard and how it is switched off.
type mutant struct {
	pkg         *goPackage
	line        int    // in the list
	function    string // "Type.Method", or "var"
	text        string // the code that is replaced
	replacement string
	tests       string // the folder of the package whose tests must notice
	test        string // the test that is tried first, if any

	noticed string // the test that noticed, after the run
}

// id is the value of the switch that turns the guard off.
func (m *mutant) id() string { return fmt.Sprintf("%s:%d", m.pkg.folder, m.line) }

func (m *mutant) String() string {
	return fmt.Sprintf("%s/%s:%d: %s: %s => %s", m.pkg.folder, listFile, m.line, m.function, m.text, m.replacement)
}

// readLists reads the lists of the packages, or of those in only.
func readLists(packages map[string]*goPackage, only []string) ([]*mutant, error) {
	var all []*mutant
	var mistakes []error
	for _, folder := range sortedKeys(packages) {
		if len(only) > 0 && !slices.Contains(only, folder) {
			continue
		}
		mutants, err := readList(packages[folder])
		if errors.Is(err, os.ErrNotExist) && len(only) == 0 {
			continue
		}
		mistakes = append(mistakes, err)
		all = append(all, mutants...)
	}
	for _, folder := range only {
		if packages[folder] == nil {
			mistakes = append(mistakes, fmt.Errorf("%s: not a package of this module", folder))
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("no " + listFile + " in any package")
	}
	return all, nil
}

func readList(pkg *goPackage) ([]*mutant, error) {
	path := filepath.Join(pkg.Dir, listFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var mutants []*mutant
	var mistakes []error
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		m, err := parseLine(line)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s/%s:%d: %w", pkg.folder, listFile, n, err))
			continue
		}
		m.pkg, m.line = pkg, n
		if m.tests == "" {
			m.tests = pkg.folder
		}
		mutants = append(mutants, m)
	}
	return mutants, errors.Join(append(mistakes, lines.Err())...)
}

func parseLine(line string) (*mutant, error) {
	var m mutant
	rest, note, noted := cutLast(line, " # ")
	if words := strings.Fields(note); noted {
		if len(words) > 2 || len(words) == 0 {
			return nil, errors.New("want one test after #, and before it at most the folder of a package")
		}
		if last := words[len(words)-1]; strings.HasPrefix(last, "Test") || strings.HasPrefix(last, "Fuzz") {
			m.test, words = last, words[:len(words)-1]
		}
		m.tests = strings.Join(words, " ")
	}
	function, rest, ok := strings.Cut(rest, ": ")
	text, replacement, ok2 := strings.Cut(rest, " => ")
	if !ok || !ok2 || strings.TrimSpace(text) == "" || strings.TrimSpace(replacement) == "" {
		return nil, errors.New("want a line like: Type.Method: if a > 0 => false")
	}
	m.function, m.text, m.replacement = function, oneSpace(text), strings.TrimSpace(replacement)
	return &m, nil
}

// writeNames writes the tests that noticed into the lists.
func writeNames(mutants []*mutant) error {
	byList := map[string][]*mutant{}
	for _, m := range mutants {
		path := filepath.Join(m.pkg.Dir, listFile)
		byList[path] = append(byList[path], m)
	}
	for path, mutants := range byList {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		lines := strings.Split(string(data), "\n")
		for _, m := range mutants {
			if m.noticed == "" {
				continue
			}
			rest, _, _ := cutLast(lines[m.line-1], " # ")
			if now, err := parseLine(rest); err != nil || now.text != m.text || now.replacement != m.replacement {
				return fmt.Errorf("%s was edited while the tests ran; no test was written into it", path)
			}
			note := m.noticed
			if m.tests != m.pkg.folder {
				note = m.tests + " " + note
			}
			lines[m.line-1] = strings.TrimRight(rest, " ") + " # " + note
		}
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// oneSpace returns source text with one blank in place of each run of white space.
func oneSpace(text string) string { return strings.Join(strings.Fields(text), " ") }
