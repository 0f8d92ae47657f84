package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	reportPath = "docs/benchmarks.md"
	chartPath  = "docs/images/benchmark.svg"
)

// block is a part of docs/benchmarks.md that bench writes. The page has a place for it,
// between two comments. The rest of the page is written by hand, and stays.
type block struct{ name, text string }

func blockBegin(name string) string { return "<!-- bench writes this: " + name + " -->\n" }

const blockEnd = "<!-- end -->\n"

// replaceBlock puts the block into its place in the page.
func replaceBlock(page string, b block) (string, error) {
	before, rest, found := strings.Cut(page, blockBegin(b.name))
	if !found {
		return "", fmt.Errorf("%s has no place for %q: a line %q", reportPath, b.name, strings.TrimSpace(blockBegin(b.name)))
	}
	_, after, found := strings.Cut(rest, blockEnd)
	if !found {
		return "", fmt.Errorf("%s: the place of %q does not end with %q", reportPath, b.name, strings.TrimSpace(blockEnd))
	}
	return before + blockBegin(b.name) + b.text + blockEnd + after, nil
}

// write writes the blocks into the page, each with the machine it was measured on.
func write(s settings, blocks []block) error {
	text, err := os.ReadFile(reportPath)
	if err != nil {
		return err
	}
	page := string(text)
	for _, b := range blocks {
		b.text = strings.TrimRight(b.text, "\n") + "\n\n" + s.machine() + "\n"
		if page, err = replaceBlock(page, b); err != nil {
			return err
		}
	}
	return os.WriteFile(reportPath, []byte(page), 0o644)
}

// machine says where, when and with what a block was measured.
func (s settings) machine() string {
	commit := firstLine("git", "rev-parse", "--short", "HEAD")
	if firstLine("git", "status", "--porcelain", "--untracked-files=no") != "" {
		commit += " with changes"
	}
	return fmt.Sprintf("Measured on %s at %s, on %d processors (%s, %s/%s), %s, in %d rounds of %v.", time.Now().Format(time.DateOnly), commit,
		runtime.NumCPU(), model(), runtime.GOOS, runtime.GOARCH, runtime.Version(), s.rounds, s.duration)
}

// model is the name of the processor.
func model() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// measuredModules are the modules of the contestants that are written in Go.
var measuredModules = []string{"github.com/oauth2-proxy/oauth2-proxy/v7", "github.com/pocketbase/pocketbase"}

// versions are the report's block about the contestants.
func versions() string {
	var b strings.Builder
	b.WriteString("| | |\n|---|---|\n")
	for _, v := range []struct {
		name    string
		command []string
	}{
		{"Go", []string{"go", "version"}},
		{"nginx", []string{"/usr/sbin/nginx", "-v"}},
		{"wrk", []string{"wrk", "-v"}},
		{"PostgreSQL", []string{"psql", "--version"}},
		{"Node.js", []string{"node", "--version"}},
		{"oauth2-proxy", []string{"go", "version", "-m", "bin/bench-tools/oauth2-proxy"}},
		{"PocketBase", []string{"go", "version", "-m", "bin/bench-tools/pocketbase"}},
		{"Better Auth, Next.js", []string{"node", "-p", `["better-auth", "next"].map(n => require("./bench/betterauth/package.json").dependencies[n]).join(", ")`}},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", v.name, versionOf(v.command))
	}
	return b.String()
}

// versionOf returns what a command says of a version: its first line, or the module that a
// line of go version -m names.
func versionOf(command []string) string {
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil && len(out) == 0 {
		return "not installed"
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) > 2 && slices.Contains(measuredModules, fields[1]) {
			return fields[2]
		}
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

// firstLine is the first line that a command prints, or "" if it fails.
func firstLine(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if fault := (*exec.ExitError)(nil); err != nil && !errors.As(err, &fault) {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

// startReport is the report's block about start and rest.
func startReport(start time.Duration, idleKiB int) string {
	return fmt.Sprintf(`| | |
|---|---|
| from start in an empty folder until ready, with tables and secret created | %d ms (median of 5) |
| memory at rest (resident) | %.1f MiB |
`, start.Milliseconds(), float64(idleKiB)/1024)
}
