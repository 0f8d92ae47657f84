package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// code is the package under test, in its own module.
const code = `package guarded

import (
	"errors"
	"strings"
)

const most = 10

var names = []string{"root", "admin"}

type Gate struct {
	closed  bool
	refused int
}

// Enter lets a name in.
func (g *Gate) Enter(name string, age int) (string, error) {
	if g.closed || age < 0 {
		return "", errors.New("closed")
	}
	if err := check(name); err != nil {
		g.refused++
		return "", err
	}
	name = strings.TrimSpace(name)
	switch {
	case name == names[0], name == names[1]:
		g.refused++
		return "", errors.New("reserved")
	}
	return name, nil
}

func check(name string) error {
	if len(name) > most {
		return errors.New("too long")
	}
	if strings.Contains(name, "!") {
		return errors.New("no shouting")
	}
	return nil
}
`

const codeTest = `package guarded

import "testing"

func refused(t *testing.T, g Gate, name string, age int) {
	t.Helper()
	if _, err := g.Enter(name, age); err == nil {
		t.Errorf("%q got in", name)
	}
}

func TestClosed(t *testing.T)   { refused(t, Gate{closed: true}, "ada", 3) }
func TestCount(t *testing.T) {
	var g Gate
	_, _ = g.Enter("root", 3)
	_, _ = g.Enter("abcdefghijk", 3)
	if g.refused != 2 {
		t.Errorf("got %d, want 2", g.refused)
	}
}
func TestReserved(t *testing.T) { refused(t, Gate{}, " root", 3); refused(t, Gate{}, "admin", 3) }
func TestLength(t *testing.T)   { refused(t, Gate{}, "abcdefghijk", 3) }
func TestOpen(t *testing.T) {
	if got, err := (&Gate{}).Enter(" ada ", 3); got != "ada" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
`

// try runs the tool on the package with the list, and returns what it prints and
// the folder of the module.
func try(t *testing.T, list string, change ...string) (out, folder string, err error) {
	t.Helper()
	folder = t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                       "module example\n\ngo 1.26\n",
		"guarded/guarded.go":           strings.NewReplacer(change...).Replace(code),
		"guarded/guarded_test.go":      strings.NewReplacer(change...).Replace(codeTest),
		"guarded/testdata/mutants.txt": list,
		"outside/outside.go":           "package outside\n",
		"outside/outside_test.go": "package outside\n\nimport (\n\t\"testing\"\n\n\t\"example/guarded\"\n)\n\n" +
			"func TestShouting(t *testing.T) {\n\tif _, err := new(guarded.Gate).Enter(\"a!\", 1); err == nil {\n\t\tt.Error(\"got in\")\n\t}\n}\n",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var printed bytes.Buffer
	err = (&run{root: folder, parallel: 2, patience: time.Minute, names: true, out: &printed}).do(t.Context())
	return printed.String(), folder, err
}

func TestEveryFormOfGuardIsSwitchedOff(t *testing.T) {
	list := `# a comment
Gate.Enter: g.closed || age < 0 => age < 0
Gate.Enter: if err := check(name); err != nil => false
Gate.Enter: return "", err => return name, nil
Gate.Enter: name = strings.TrimSpace(name) => {}
Gate.Enter: name == names[0] => false # TestReserved
Gate.Enter: name == names[1] => false # TestOpen
Gate.Enter: g.refused++ in case name == names[0], name == names[1] => {}
Gate.Enter: g.refused++ in if err := check(name); err != nil => {}
Gate.Enter: 1 => 0
check: most => 1 << 30
check: len(name)   >   most => false
check: if strings.Contains(name, "!") => false # outside
var: "root" => "toor"
`
	out, folder, err := try(t, list)
	if err != nil || !strings.Contains(out, "13 guards switched off, 13 noticed, 0 survived") {
		t.Fatalf("got %v\n%s", err, out)
	}
	if !strings.Contains(out, "(not TestOpen any more)") {
		t.Errorf("got no word of a test that does not notice what the list says:\n%s", out)
	}
	written, err := os.ReadFile(filepath.Join(folder, "guarded/testdata/mutants.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# a comment\nGate.Enter: g.closed || age < 0 => age < 0 # TestClosed\n",
		"name == names[1] => false # TestReserved\n",
		"=> false # outside TestShouting\n",
	} {
		if !strings.Contains(string(written), want) {
			t.Errorf("the list lacks %q:\n%s", want, written)
		}
	}
}

func TestASurvivorIsReported(t *testing.T) {
	out, _, err := try(t, "Gate.Enter: age < 0 => false\nGate.Enter: g.closed => false\n")
	if !errors.Is(err, errSurvived) {
		t.Fatalf("got %v, want that a guard has survived", err)
	}
	if !strings.Contains(out, "SURVIVED guarded/testdata/mutants.txt:1: Gate.Enter: age < 0 => false\n") || !strings.Contains(out, "1 noticed, 1 survived") {
		t.Errorf("got\n%s", out)
	}
}

func TestThePartOfATestThatNoticed(t *testing.T) {
	o := outcomeOf("--- FAIL: TestA (0.1s)\n    --- FAIL: TestA/x.y (0.1s)\n        a_test.go:1: got\n        --- FAIL: TestA/x.y/z#01 (0.1s)\n    --- FAIL: TestA/b (0.1s)\n--- FAIL: TestB (0.1s)\n", errors.New("exit status 1"))
	if want := []string{"TestA", "TestA/x.y", "TestA/x.y/z#01"}; !slices.Equal(o.tests, want) {
		t.Errorf("got %q, want %q", o.tests, want)
	}
	if got, want := patternOf("TestA/x.y"), `^TestA$/^x\.y$`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestAHangIsNoticed: the tests are ended, and the running test counts.
func TestAHangIsNoticed(t *testing.T) {
	o := outcomeOf("panic: test timed out after 1s\n\trunning tests:\n\t\tTestOpen (1s)\n\ngoroutine 1", errors.New("exit status 2"))
	if !o.failed || !slices.Equal(o.tests, []string{"TestOpen"}) {
		t.Errorf("got %+v", o)
	}
}

func TestMistakesOfTheList(t *testing.T) {
	for name, tt := range map[string]struct {
		list, want string
		change     []string
	}{
		"another text":         {list: "check: len(name) > 11 => false\n", want: "guarded/testdata/mutants.txt:1: check: len(name) > 11 => false: the list is stale"},
		"another function":     {list: "# x\n\nchecked: len(name) > most => false\n", want: "mutants.txt:3: checked: len(name) > most => false: the list is stale"},
		"a text in two places": {list: "Gate.Enter: \"\" => \"x\"\n", want: "the text occurs 3 times"},
		"no replacement":       {list: "check: len(name) > most\n", want: "want a line like"},
		"too many tests":       {list: "check: len(name) > most => false # a b c\n", want: "at most the folder"},
		"does not compile":     {list: "check: most => \"x\"\n", want: "guarded/testdata/mutants.txt:1:"},
		"another syntax":       {list: "check: return nil => return (\n", want: "guarded/testdata/mutants.txt:1:"},
		"an unknown package":   {list: "check: len(name) > most => false # elsewhere\n", want: `names "elsewhere"`},
		"an empty list":        {list: "# nothing\n", want: "no testdata/mutants.txt"},
		"tests that fail":      {list: "check: len(name) > most => false\n", change: []string{`"abcdefghijk"`, `"a"`}, want: "fail with all guards on"},
		"several at once":      {list: "check: a => b\ncheck: c => d\n", want: "mutants.txt:2: check: c => d"},
	} {
		t.Run(name, func(t *testing.T) {
			out, _, err := try(t, tt.list, tt.change...)
			if err == nil || errors.Is(err, errSurvived) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q\n%s", err, tt.want, out)
			}
		})
	}
}

// TestTheListsAreNotStale compares every list of the product with its code, and compiles the
// code with all replacements. The go command caches what has not changed.
func TestTheListsAreNotStale(t *testing.T) {
	packages, err := packagesIn(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	mutants, err := readLists(packages, nil)
	if err != nil {
		t.Fatal(err)
	}
	build, err := rewrite(packages, mutants, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := build.check(t.Context(), "../.."); err != nil {
		t.Error(err)
	}
	if len(mutants) < 150 {
		t.Errorf("got %d guards in the lists, want at least 150", len(mutants))
	}
	for _, m := range mutants {
		if m.test == "" {
			t.Errorf("%s names no test; run make mutants with -names", m)
		}
	}
}
