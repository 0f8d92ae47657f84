//go:build ignore

// Lint is a tool for go vet: the checks that vet and staticcheck do not have.
// Its modules are in lint.mod, not in go.mod: make lint builds it.
package main

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
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
	set(gosec.Analyzer, "exclude", strings.Join(excluded, ","))
	analyzers := []*analysis.Analyzer{
		predeclared.Analyzer, gosec.Analyzer, errorlint.NewAnalyzer(),
		bodyclose.Analyzer, sqlclosecheck.NewDeferOnlyAnalyzer(), noctx.Analyzer,
	}
	for _, a := range analyzers {
		narrow(a)
	}
	unitchecker.Main(append(analyzers, exported, spelling)...)
}

func set(a *analysis.Analyzer, flag, value string) {
	if err := a.Flags.Set(flag, value); err != nil {
		panic(err)
	}
}

// excluded are rules of gosec that only give false alarms here.
var excluded = []string{
	"G101", // takes SQL and names of settings, headers, files and kinds of tokens for secrets
}

// tools are packages that serve tests and measurements.
var tools = regexp.MustCompile(`/(bench|internal/[a-z]*test|internal/(mutants|release|freeport|openapigen|endpoint))/`)

// narrow makes an analyzer leave out what it says of tests, of tools, and of lines with
// a reason: a comment on the line or above it, "//lint:ignore", the analyzer's name, and
// why. A reason that nothing needs is an error. gosec has comments of its own, #nosec.
//
// Why not tests: many want an error itself, not a wrapped one, and errorlint would make
// them accept both. Their helpers close response bodies, which bodyclose does not see: it
// would report nearly two hundred lines.
func narrow(a *analysis.Analyzer) {
	run := a.Run
	a.Run = func(pass *analysis.Pass) (any, error) {
		reasons := reasonsFor(pass, a.Name)
		report := pass.Report
		pass.Report = func(d analysis.Diagnostic) {
			at := pass.Fset.Position(d.Pos)
			for _, line := range []int{at.Line, at.Line - 1} {
				if _, ok := reasons[place{at.Filename, line}]; ok {
					reasons[place{at.Filename, line}] = token.NoPos
					return
				}
			}
			if !isTest(at.Filename) && !tools.MatchString(at.Filename) {
				report(d)
			}
		}
		result, err := run(pass)
		pass.Report = report
		for _, pos := range reasons {
			if pos.IsValid() {
				pass.Reportf(pos, "nothing here needs this reason")
			}
		}
		return result, err
	}
}

type place struct {
	file string
	line int
}

func reasonsFor(pass *analysis.Pass, analyzer string) map[place]token.Pos {
	reasons := map[place]token.Pos{}
	for _, file := range pass.Files {
		for _, group := range file.Comments {
			for _, c := range group.List {
				if reason, ok := strings.CutPrefix(c.Text, "//lint:ignore "+analyzer+" "); ok && reason != "" {
					at := pass.Fset.Position(c.Pos())
					reasons[place{at.Filename, at.Line}] = c.Pos()
				}
			}
		}
	}
	return reasons
}

func isTest(name string) bool { return strings.HasSuffix(name, "_test.go") }

// exported replaces the rule of revive with the same name. Both want a comment on each
// exported function, type, constant and variable, and on the exported methods of exported
// types, but not in tests. This one accepts a comment at the end of a line, and leaves out
// package main. It does not check how a comment starts, or whether a name repeats the
// name of its package.
var exported = &analysis.Analyzer{
	Name: "exported",
	Doc:  "reports exported names without a comment",
	Run: func(pass *analysis.Pass) (any, error) {
		for _, file := range sources(pass) {
			if pass.Pkg.Name() == "main" || isTest(pass.Fset.Position(file.Package).Filename) {
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
		known := d.Recv != nil && (d.Name.Name == "Error" || d.Name.Name == "Unwrap") // they say themselves what they are
		if !known && (d.Recv == nil || !unexported(d.Recv.List[0].Type)) {
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
