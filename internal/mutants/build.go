package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// goPackage is a package of the module, as the go command describes it.
type goPackage struct {
	Dir        string
	ImportPath string
	Name       string
	GoFiles    []string
	Module     struct{ Dir string }

	folder string // Dir, relative to the module's
}

// packagesIn returns the packages of a module by their folders.
func packagesIn(ctx context.Context, root string) (map[string]*goPackage, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-json=Dir,ImportPath,Name,GoFiles,Module", "./...")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	packages := map[string]*goPackage{}
	for list := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(goPackage)
		err := list.Decode(p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.folder, err = filepath.Rel(p.Module.Dir, p.Dir); err != nil {
			return nil, err
		}
		p.folder = filepath.ToSlash(p.folder)
		packages[p.folder] = p
	}
}

// testBuild holds the rewritten files and the tests that are compiled with them.
type testBuild struct {
	work     string
	packages map[string]*goPackage
	overlay  map[string]string        // the rewritten file for a file
	binaries map[string]string        // the compiled tests of a package's folder
	patience map[string]time.Duration // how long they may take when a guard is off
}

// writeOverlay writes the file that makes the go command read the rewritten files.
func (b *testBuild) writeOverlay() (file string, err error) {
	overlay, err := json.Marshal(map[string]any{"Replace": b.overlay})
	if err != nil {
		return "", err
	}
	file = filepath.Join(b.work, "overlay.json")
	return file, os.WriteFile(file, overlay, 0o600)
}

// check compiles the rewritten packages without their tests.
func (b *testBuild) check(ctx context.Context, root string) error {
	file, err := b.writeOverlay()
	if err != nil {
		return err
	}
	args := []string{"build", "-overlay", file}
	folders := map[string]bool{}
	for path := range b.overlay {
		folders[filepath.Dir(path)] = true
	}
	cmd := exec.CommandContext(ctx, "go", append(args, sortedKeys(folders)...)...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the packages with their guards switched do not compile: %w\n%s", err, out)
	}
	return nil
}

// compile compiles the tests of every package whose tests must notice a guard.
func (b *testBuild) compile(ctx context.Context, root string) error {
	file, err := b.writeOverlay()
	if err != nil {
		return err
	}
	var mistakes []error
	for i, folder := range sortedKeys(b.binaries) {
		b.binaries[folder] = filepath.Join(b.work, fmt.Sprintf("%d.test", i))
		mistakes = append(mistakes, b.compileOne(ctx, root, folder, file))
	}
	return errors.Join(mistakes...)
}

func (b *testBuild) compileOne(ctx context.Context, root, folder, overlay string) error {
	pkg, binary := b.packages[folder], b.binaries[folder]
	if pkg == nil {
		return fmt.Errorf("a list names %q, which is not a package of this module", folder)
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, pkg.ImportPath)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the tests of %s with their guards switched do not compile:\n%s", folder, out)
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%s has no tests", folder)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
