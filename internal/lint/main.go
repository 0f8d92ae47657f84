//go:build ignore

// Lint is a tool for go vet: the checks that vet and staticcheck do not have.
// Its modules are in lint.mod, not in go.mod: make lint builds it.
package main

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"strings"

	"github.com/golangci/misspell"
	"github.com/nishanths/predeclared/passes/predeclared"
	"github.com/polyfloyd/go-errorlint/errorlint"
	sqlclosecheck "github.com/ryanrolds/sqlclosecheck/pkg/analyzer"
	gosec "github.com/securego/gosec/v2/goanalysis"
	"github.com/sonatard/noctx"
	"github.com/timakin/bodyclose/passes/bodyclose"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"
)

func main() {
	if err := gosec.Analyzer.Flags.Set("exclude", strings.Join(excluded, ",")); err != nil {
		panic(err)
	}
	unitchecker.Main(
		withoutTests(errorlint.NewAnalyzer()), sqlclosecheck.NewAnalyzer(),
		exported, spelling,
		withoutTests(bodyclose.Analyzer), withoutTests(noctx.Analyzer), withoutTests(predeclared.Analyzer), withoutTests(gosec.Analyzer),
	)
}

// excluded are rules of gosec that this project does not follow anywhere.
var excluded = []string{}

// withoutTests leaves out what an analyzer says of tests.
func withoutTests(a *analysis.Analyzer) *analysis.Analyzer {
	run := a.Run
	a.Run = func(pass *analysis.Pass) (any, error) {
		report := pass.Report
		pass.Report = func(d analysis.Diagnostic) {
			if !strings.HasSuffix(pass.Fset.Position(d.Pos).Filename, "_test.go") {
				report(d)
			}
		}
		return run(pass)
	}
	return a
}

var exported = &analysis.Analyzer{
	Name: "exported",
	Doc:  "reports exported names without a comment",
	Run: func(pass *analysis.Pass) (any, error) {
		for _, file := range sources(pass) {
			if pass.Pkg.Name() == "main" {
				continue
			}
			for _, decl := range file.Decls {
				checkComment(pass, decl)
			}
		}
		return nil, nil
	},
}

func checkComment(pass *analysis.Pass, decl ast.Decl) {
	missing := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		for _, doc := range docs {
			if doc != nil {
				return
			}
		}
		if name.IsExported() {
			pass.Reportf(name.Pos(), "exported %s has no comment", name.Name)
		}
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil || !unexported(d.Recv.List[0].Type) {
			missing(d.Name, d.Doc)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				missing(s.Name, s.Doc, d.Doc, s.Comment)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					missing(name, s.Doc, d.Doc, s.Comment)
				}
			}
		}
	}
}

// unexported says whether a method's receiver has a type that other packages
// cannot name.
func unexported(receiver ast.Expr) bool {
	switch t := receiver.(type) {
	case *ast.StarExpr:
		return unexported(t.X)
	case *ast.IndexExpr:
		return unexported(t.X)
	case *ast.IndexListExpr:
		return unexported(t.X)
	case *ast.Ident:
		return !t.IsExported()
	}
	return false
}

var words = misspell.New()

var spelling = &analysis.Analyzer{
	Name: "misspell",
	Doc:  "reports words that are often misspelled",
	Run: func(pass *analysis.Pass) (any, error) {
		for _, file := range sources(pass) {
			at := pass.Fset.File(file.Pos())
			text, err := os.ReadFile(at.Name())
			if err != nil {
				return nil, err
			}
			_, diffs := words.ReplaceGo(string(text))
			for _, d := range diffs {
				pass.Reportf(at.LineStart(d.Line)+token.Pos(d.Column), "%q is a misspelling of %q", d.Original, d.Corrected)
			}
		}
		return nil, nil
	},
}

// sources returns the files of the package that are written by hand.
func sources(pass *analysis.Pass) (files []*ast.File) {
	for _, file := range pass.Files {
		if filepath.Ext(pass.Fset.Position(file.Package).Filename) == ".go" && !ast.IsGenerated(file) {
			files = append(files, file)
		}
	}
	return files
}
