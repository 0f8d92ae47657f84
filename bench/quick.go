package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// quick compares two commits in about two minutes: bff and serve on SQLite, each against
// the other commit's.
func quick(ctx context.Context, s settings, dir string) error {
	old, err := buildCommit(ctx, s.base, filepath.Join(dir, "base"))
	if err != nil {
		return err
	}
	now := s.binary
	if s.commit != "" {
		if now, err = buildCommit(ctx, s.commit, filepath.Join(dir, "commit")); err != nil {
			return err
		}
	}
	s.connections = s.connections[:1]
	for _, shape := range []struct {
		name  string
		start func(ctx context.Context, g *ground, binary string) (*endpoint, error)
	}{
		{"bff", func(ctx context.Context, g *ground, binary string) (*endpoint, error) {
			return startBFF(ctx, g, binary, "SQLite", "error")
		}},
		{"serve", func(ctx context.Context, g *ground, binary string) (*endpoint, error) {
			return startServe(ctx, g, binary, "SQLite")
		}},
	} {
		contestant := func(name, binary string) way {
			return way{name: name, start: func(ctx context.Context, g *ground) (*endpoint, error) { return shape.start(ctx, g, binary) }}
		}
		b := &bench{s: s, dir: dir}
		rows, err := b.contest(ctx, "quick-"+shape.name, []way{contestant("before", old), contestant("after", now)}, "")
		if err != nil {
			return err
		}
		c := s.connections[0]
		before, after := rows[0].runs[c], rows[1].runs[c]
		fmt.Printf("%-6s requests/s %.0f → %.0f: ×%s   CPU of 10 000 %.0f → %.0f ms: ×%s\n", shape.name,
			medianOf(each(before, rate)), medianOf(each(after, rate)), spread(against(after, before, rate), "%.3f"),
			medianOf(each(before, frontCPU)), medianOf(each(after, frontCPU)), spread(against(after, before, frontCPU), "%.3f"))
	}
	return nil
}

// buildCommit builds a commit's program in a worktree of its own, which is removed again. A path,
// with a slash, is a program already.
func buildCommit(ctx context.Context, commit, dir string) (binary string, err error) {
	if filepath.Base(commit) != commit {
		if info, err := os.Stat(commit); err == nil && info.Mode().IsRegular() {
			return filepath.Abs(commit)
		}
	}
	progress("building %s", commit)
	tree := filepath.Join(dir, "tree")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := command(ctx, ".", "git", "worktree", "add", "--quiet", "--detach", tree, commit); err != nil {
		return "", err
	}
	defer func() {
		// The context may have ended.
		if fault := command(context.WithoutCancel(ctx), ".", "git", "worktree", "remove", "--force", tree); err == nil {
			err = fault
		}
	}()
	binary = filepath.Join(dir, "vestibule")
	return binary, command(ctx, tree, "go", "build", "-trimpath", "-o", binary, "./cmd/vestibule")
}

// command runs a program in dir.
func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %v: %w", name, args, err)
	}
	return nil
}
