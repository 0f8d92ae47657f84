package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/quicktest"
)

// An analyzer that reports nothing looks like clean code.
func TestEachAnalyzerReportsABadLine(t *testing.T) {
	quicktest.Skip(t, "the linter's modules")
	tool := filepath.Join(t.TempDir(), "lint")
	build := exec.Command("go", "build", "-modfile=lint.mod", "-o", tool, "internal/lint/main.go")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	vet := exec.Command("go", "vet", "-vettool="+tool, ".")
	vet.Dir = filepath.Join("testdata", "bad")
	vet.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := vet.CombinedOutput()
	if err == nil {
		t.Error("the linter accepts the bad package")
	}
	for _, want := range []string{
		"exported Get has no comment",
		`"recieved" is a misspelling`,
		"len: shadows predeclared identifier",
		"Rows/Stmt/NamedStmt was not closed",
		"response body must be closed",
		"comparing with == will fail on wrapped errors",
		"(*database/sql.DB).Query must not be called",
		"G401",
		"nothing here needs this reason",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no report has %q:\n%s", want, out)
		}
	}
}
