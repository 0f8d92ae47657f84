package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// listed returns all packages of the module. go list runs once for all tests.
var listed = sync.OnceValues(func() ([]pkg, error) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "vestibule/...").Output()
	if err != nil {
		return nil, err
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

func packages(t *testing.T) []pkg {
	t.Helper()
	all, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// levels are the parts of the program, in the order in which imports may point: from
// a later one to an earlier one.
var levels = []string{"migrations", "store", "internal", "api", "bff", "internal/settings", "internal/daemon", "internal/doctor", "cmd"}

// room is the part of the program that a package belongs to, and its place in levels.
func room(path string) (name string, order int) {
	rest, ours := strings.CutPrefix(path, "vestibule/")
	if !ours {
		return "", -1
	}
	name, _, _ = strings.Cut(rest, "/")
	if slices.Contains(levels, rest) {
		name = rest
	}
	return name, slices.Index(levels, name)
}

// mayImport are the packages of the BFF that may import another one of them. All others are
// connected only by the package bff.
var mayImport = map[string]string{
	"vestibule/bff/session": "vestibule/bff/token",
	"vestibule/bff/oauth":   "vestibule/bff/token",
	"vestibule/bff/proxy":   "vestibule/bff/route",
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		from, order := room(p.ImportPath)
		if order < 0 {
			continue // e2e and bench stand outside
		}
		for _, imported := range p.Imports {
			to, rank := room(imported)
			switch {
			case from == "bff" && imported == "text/template":
				t.Errorf("%s imports %s, which escapes nothing: pages and mails are html/template's", p.ImportPath, imported)
			case to == "":
			case rank < 0 || rank > order:
				t.Errorf("%s imports %s", p.ImportPath, imported)
			case p.ImportPath == "vestibule/internal/web" && to == "store":
				t.Errorf("%s imports %s: store errors say themselves what they are", p.ImportPath, imported)
			case from == "api" && imported == "vestibule/store", from == "bff" && imported == "vestibule/store/tasks":
				t.Errorf("%s imports %s: accounts are the BFF's, tasks the API's", p.ImportPath, imported)
			case from == "store" && to == "store" && (p.ImportPath == "vestibule/store/db" || imported != "vestibule/store/db"):
				t.Errorf("%s imports %s: accounts and tasks stand on store/db, and not on each other", p.ImportPath, imported)
			case from == "bff" && to == "api":
				t.Errorf("%s imports %s: they meet over HTTP", p.ImportPath, imported)
			case from == "bff" && to == "bff" && p.ImportPath != "vestibule/bff" && mayImport[p.ImportPath] != imported:
				t.Errorf("%s imports %s: rooms of the BFF know each other through bff", p.ImportPath, imported)
			}
		}
	}
}

// TestBearerStandsAlone: a team may replace the example API and keep api/bearer, so this
// package must not depend on the API, directly or through another package.
func TestBearerStandsAlone(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if p.ImportPath != "vestibule/api/bearer" {
			continue
		}
		for _, dep := range p.Deps {
			if to, _ := room(dep); to == "api" || to == "store" || to == "bff" {
				t.Errorf("%s needs %s", p.ImportPath, dep)
			}
		}
		return
	}
	t.Error("there is no api/bearer")
}

// TestEveryRoomIsInTheDesign: docs/design.md lists the purpose of every package.
func TestEveryRoomIsInTheDesign(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(content), "\n## Rooms\n")
	list, _, found := strings.Cut(list, "\n## ")
	if !found {
		t.Fatal("docs/design.md has no list of rooms")
	}
	for _, p := range packages(t) {
		path, _ := strings.CutPrefix(p.ImportPath, "vestibule/")
		if !strings.Contains(list, path+"/") {
			t.Errorf("docs/design.md does not say what %s is for", path)
		}
	}
}

// TestLibrariesStayInTheirFiles: a later major version of the JOSE library must
// be a change of one file, and only the store and the tools around it know SQL.
func TestLibrariesStayInTheirFiles(t *testing.T) {
	t.Parallel()
	users := map[string][]string{}
	root := filepath.Dir(mustGetwd(t))
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if strings.Contains(string(src), "db.Querier") && !strings.HasPrefix(rel, "store/") {
			t.Errorf("%s runs statements of its own", rel)
		}
		seen := map[string]bool{}
		for _, spec := range file.Imports {
			for _, lib := range []string{"lestrrat-go/jwx", "jmoiron/sqlx", "\"database/sql"} {
				if strings.Contains(spec.Path.Value, lib) && !seen[lib] {
					seen[lib] = true
					users[lib] = append(users[lib], rel)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := users["lestrrat-go/jwx"]; !slices.Equal(got, []string{"internal/jose/key.go"}) {
		t.Errorf("got jwx in %v, want internal/jose/key.go", got)
	}
	for _, lib := range []string{"jmoiron/sqlx", "\"database/sql"} {
		for _, path := range users[lib] {
			if !strings.HasPrefix(path, "store/") && !strings.HasPrefix(path, "internal/pgtest/") && !strings.HasPrefix(path, "internal/storetest/") && !strings.HasPrefix(path, "bench/") &&
				!strings.HasPrefix(path, "internal/lint/testdata/") { // the linter's bad sample, no part of the module
				t.Errorf("%s imports %s", path, lib)
			}
		}
	}
}

// TestOnlyTheCommandReadsTheEnvironment searches the code for the calls by name. Only the
// command's main.go may make them.
func TestOnlyTheCommandReadsTheEnvironment(t *testing.T) {
	t.Parallel()
	root := filepath.Dir(mustGetwd(t))
	for _, dir := range []string{"api", "bff", "internal/daemon", "internal/doctor", "internal/inprocess", "internal/roundtrip", "internal/settings", "internal/tracing", "internal/web", "cmd", "store", "migrations"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "/cmd/vestibule/main.go") {
				return err
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, call := range []string{"os.Getenv", "os.LookupEnv", "os.Environ", "http.ProxyFromEnvironment"} {
				if strings.Contains(string(src), call) {
					t.Errorf("%s calls %s", path, call)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
