package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vestibule/internal/quicktest"
)

// build compiles the program at most once in each form. plain is the form of a release. race
// is the form for most tests: with the race detector, except for SQLite (the Makefile says
// why), and with cheap passwords. Neither has tables for debuggers, which take most of a
// linker's time.
var build = struct {
	plain, race func() (string, error)
}{
	plain: sync.OnceValues(func() (string, error) { return compile("plain", "-trimpath", "-ldflags=-s -w") }),
	race: sync.OnceValues(func() (string, error) {
		overlay, err := cheapPasswords()
		if err != nil {
			return "", err
		}
		return compile("race", "-race", "-ldflags=-w", "-overlay="+overlay,
			"-gcflags=modernc.org/...=-d=checkptr=0", "-gcflags=modernc.org/sqlite/lib=-race=false")
	}),
}

func compile(name string, flags ...string) (string, error) {
	path := filepath.Join(binDir, name)
	args := append([]string{"build", "-o", path}, flags...)
	cmd := exec.Command("go", append(args, "vestibule/cmd/vestibule")...)
	if name == "plain" {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // the detector needs cgo
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// cheapPasswords writes an overlay for the compiler. With it a password costs a hundredth,
// and the queue for passwords is longer and more patient. Tests sign up many users at once,
// and on a busy machine the server would refuse some of them.
func cheapPasswords() (string, error) {
	source, err := filepath.Abs("../bff/password/password.go")
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	text := string(data)
	for _, change := range [][2]string{
		{"Memory: 19456, Iterations: 2,", "Memory: 512, Iterations: 1,"},
		{"c.Queue = 16 * c.Parallel", "c.Queue = 1000 * c.Parallel"},
		{"c.Wait = 2 * time.Second", "c.Wait = time.Minute"},
	} {
		if strings.Count(text, change[0]) != 1 {
			return "", fmt.Errorf("%s: want %q once", source, change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	replacement, overlay := filepath.Join(binDir, "password.go"), filepath.Join(binDir, "overlay.json")
	if err := os.WriteFile(replacement, []byte(text), 0o600); err != nil {
		return "", err
	}
	data, err = json.Marshal(map[string]any{"Replace": map[string]string{source: replacement}})
	if err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, data, 0o600)
}

// binDir is the folder of the compiled programs.
var binDir string

func binary(t testing.TB, which func() (string, error)) string {
	t.Helper()
	quicktest.Skip(t, "the whole product")
	path, err := which()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
