package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// allTests reads every test file, whatever it is built for.
func allTests(t *testing.T, root string) map[string]testIndex {
	t.Helper()
	all := map[string]testIndex{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == "node_modules" || name == "testdata" || path != root && strings.HasPrefix(name, ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		if _, ok := all[filepath.ToSlash(dir)]; !ok {
			all[filepath.ToSlash(dir)] = testIndex{map[string]bool{}, map[string]bool{}}
		}
		all[filepath.ToSlash(dir)].add(file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (x testIndex) add(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if isTest(n) {
				x.functions[n.Name.Name] = true
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil {
				x.strings[text] = true
			}
		}
		return true
	})
}

// isTest says whether go test runs f: TestX(*testing.T) or FuzzX(*testing.F).
func isTest(f *ast.FuncDecl) bool {
	if f.Recv != nil || f.Type.Results != nil || len(f.Type.Params.List) != 1 {
		return false
	}
	star, ok := f.Type.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	of, ok := star.X.(*ast.SelectorExpr)
	return ok && (of.Sel.Name == "T" && strings.HasPrefix(f.Name.Name, "Test") ||
		of.Sel.Name == "F" && strings.HasPrefix(f.Name.Name, "Fuzz"))
}

// TestOnlyWhatGoTestRunsIsATest: a helper, a method or a comment proves nothing.
func TestOnlyWhatGoTestRunsIsATest(t *testing.T) {
	const source = `//go:build reference

package x

// func TestComment(t *testing.T) {}

func TestReal(t *testing.T)          {}
func FuzzReal(f *testing.F)          {}
func TestHelper(t *testing.T, n int) {}
func (s *suite) TestMethod(t *testing.T) {}
func TestMain(m *testing.M)          {}
func BenchmarkReal(b *testing.B)     {}
func testLower(t *testing.T)         {}
`
	file, err := parser.ParseFile(token.NewFileSet(), "x_test.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	x := testIndex{map[string]bool{}, map[string]bool{}}
	x.add(file)
	if len(x.functions) != 2 || !x.functions["TestReal"] || !x.functions["FuzzReal"] {
		t.Errorf("got %v, want TestReal and FuzzReal", x.functions)
	}
}
