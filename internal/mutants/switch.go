package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// switches is added to each package with listed guards. The variable does not have the
// product's prefix, which would make it look like a setting.
const switches = `package %s

import "os"

var mutantOff = os.Getenv("MUTANT")

func mutantIs(id string) bool { return mutantOff == id }

func mutantElse[T any](id string, whole, off T) T {
	if mutantIs(id) {
		return off
	}
	return whole
}
`

// switched is a mutant with its place.
type switched struct {
	*mutant
	place
}

// rewrite puts a switch around every guard and writes the changed files to work.
func rewrite(packages map[string]*goPackage, mutants []*mutant, work string) (*testBuild, error) {
	b := &testBuild{work: work, packages: packages, overlay: map[string]string{}, binaries: map[string]string{}, patience: map[string]time.Duration{}}
	var mistakes []error
	for pkg, mutants := range byPackage(mutants) {
		mistakes = append(mistakes, b.rewritePackage(pkg, mutants))
	}
	for _, m := range mutants {
		b.binaries[m.tests] = ""
	}
	return b, errors.Join(mistakes...)
}

func byPackage(mutants []*mutant) map[*goPackage][]*mutant {
	by := map[*goPackage][]*mutant{}
	for _, m := range mutants {
		by[m.pkg] = append(by[m.pkg], m)
	}
	return by
}

func (b *testBuild) rewritePackage(pkg *goPackage, mutants []*mutant) error {
	sources, err := parseAll(pkg)
	if err != nil {
		return err
	}
	inFile := map[*source][]switched{}
	var mistakes []error
	for _, m := range mutants {
		p, err := find(sources, m)
		mistakes = append(mistakes, err)
		if err == nil {
			inFile[p.source] = append(inFile[p.source], switched{m, p})
		}
	}
	for s, guards := range inFile {
		mistakes = append(mistakes, b.add(s.path, s.render(guards)))
	}
	added := filepath.Join(pkg.Dir, "mutants_switches.go")
	return errors.Join(append(mistakes, b.add(added, fmt.Sprintf(switches, pkg.Name)))...)
}

// add makes the compiler read text in place of the file.
func (b *testBuild) add(path, text string) error {
	rewritten := filepath.Join(b.work, fmt.Sprintf("%d.go", len(b.overlay)))
	b.overlay[path] = rewritten
	return os.WriteFile(rewritten, []byte(text), 0o600)
}

// render returns the file with a switch at each guard. A guard inside another guard keeps
// its own switch.
func (s *source) render(guards []switched) string {
	slices.SortStableFunc(guards, func(a, b switched) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	text, rest := s.renderRange(0, len(s.text), guards)
	if len(rest) > 0 {
		panic("a guard reaches over the end of its file")
	}
	return text
}

// renderRange renders the bytes between two offsets, and returns the guards that begin
// after them.
func (s *source) renderRange(from, to int, guards []switched) (string, []switched) {
	var b strings.Builder
	at := from
	for len(guards) > 0 && guards[0].from < to {
		g := guards[0]
		b.Write(s.text[at:g.from])
		var whole string
		whole, guards = s.renderRange(g.from, g.to, guards[1:])
		b.WriteString(g.around(s.position(g.from) + whole + g.position()))
		b.WriteString(s.position(g.to))
		at = g.to
	}
	b.Write(s.text[at:to])
	return b.String(), guards
}

// position tells the compiler where the following text comes from, for its messages.
func (s *source) position(offset int) string {
	p := s.files.Position(s.files.File(s.tree.FileStart).Pos(offset))
	return fmt.Sprintf("/*line %s:%d:%d*/", s.path, p.Line, p.Column)
}

func (m *mutant) position() string {
	return fmt.Sprintf("/*line %s:%d:1*/", filepath.Join(m.pkg.Dir, listFile), m.line)
}

// around puts the switch around the text of the guard.
func (g switched) around(whole string) string {
	id := fmt.Sprintf("%q", g.id())
	switch g.form {
	case condition:
		return fmt.Sprintf("%s(mutantIs(%s) && (%s) || !mutantIs(%s) && (%s))", g.mutant.position(), id, g.replacement, id, whole)
	case value:
		return fmt.Sprintf("%smutantElse(%s, %s, %s)", g.mutant.position(), id, whole, g.replacement)
	case definition:
		return fmt.Sprintf("%s; if mutantIs(%s) { %s }", whole, id, g.replacement)
	}
	return fmt.Sprintf("%sif mutantIs(%s) { %s } else { %s }", g.mutant.position(), id, g.replacement, whole)
}
