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
	"slices"
	"strings"

	"github.com/golangci/misspell"
	"github.com/nishanths/predeclared/passes/predeclared"
	"github.com/polyfloyd/go-errorlint/errorlint"
	sqlclosecheck "github.com/ryanrolds/sqlclosecheck/pkg/analyzer"
	gosec "github.com/securego/gosec/v2/goanalysis"
	"github.com/timakin/bodyclose/passes/bodyclose"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"
)

func main() {
	// A reader's end is io.EOF itself: an error that wraps it is another one.
	// And where an error's reason is hidden, that is on purpose.
	errors := errorlint.NewAnalyzer()
	set(errors, "comparison", "false")
	set(errors, "errorf", "false")
	set(gosec.Analyzer, "exclude", strings.Join(excluded, ","))
	// The names new and any fit some parameters too well.
	set(predeclared.Analyzer, "ignore", "any,new,print")
	unitchecker.Main(
		exported, spelling,
		product(errors), product(bodyclose.Analyzer), product(predeclared.Analyzer), product(gosec.Analyzer),
		// Prepared statements that are kept are closed with their pool.
		product(sqlclosecheck.NewClosedAnalyzer(), "prepared.go"),
	)
}

func set(a *analysis.Analyzer, flag, value string) {
	if err := a.Flags.Set(flag, value); err != nil {
		panic(err)
	}
}

// excluded are rules of gosec that only give false alarms here.
var excluded = []string{
	"G101", // names of settings and of kinds of tokens look like secrets
	"G110", // what is decompressed is part of the program
	"G115", // numbers are converted after their bounds were checked
	"G124", // a cookie's attributes are set in one place, and tests hold them
	"G125", // no client names the paths that are joined
	"G202", // only constants are joined in SQL
	"G304", // files are named by the operator
	"G404", // secrets come from crypto/rand; other numbers only have to differ
	"G407", // the AEAD makes its nonce itself
	"G602", // it does not see the test of the length before
	"G704", // addresses to ask are named by the operator
	"G706", // slog escapes what it writes
}

// tools are packages that serve tests and measurements.
var tools = regexp.MustCompile(`/(bench|internal/[a-z]*test|internal/(mutants|freeport|openapigen|endpoint))/`)

// product leaves out what an analyzer says of tests, of tools, and of the files.
func product(a *analysis.Analyzer, files ...string) *analysis.Analyzer {
	run := a.Run
	a.Run = func(pass *analysis.Pass) (any, error) {
		report := pass.Report
		pass.Report = func(d analysis.Diagnostic) {
			name := pass.Fset.Position(d.Pos).Filename
			if !isTest(name) && !tools.MatchString(name) && !slices.Contains(files, filepath.Base(name)) {
				report(d)
			}
		}
		return run(pass)
	}
	return a
}

func isTest(name string) bool { return strings.HasSuffix(name, "_test.go") }

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
