package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// profiler is a file of package main that profiles the program between two signals.
//
//go:embed testdata/profiler.go
var profiler []byte

// profile writes a CPU profile of bff on SQLite under load, or of serve if that is the only part.
// The program has no way to profile itself, so it is built with one more file, which is laid
// over its sources by go build -overlay. The sources stay as they are.
func profile(ctx context.Context, s settings, dir string) error {
	binary, err := buildProfiled(ctx, dir)
	if err != nil {
		return err
	}
	g, err := newGround(s, dir, "profile")
	if err != nil {
		return err
	}
	defer g.close()
	var e *endpoint
	if slices.Equal(s.only, []string{"serve"}) {
		e, err = startServe(ctx, g, binary, "SQLite")
	} else {
		e, err = startBFF(ctx, g, binary, "SQLite", "error")
	}
	if err != nil {
		return err
	}
	out := filepath.Join(g.sites[0].dir, "cpu.pprof") // the profiler's name for it
	if _, err := wrk(ctx, g.dir, e, s.connections[0], time.Second); err != nil {
		return err
	}
	pid := e.front[0]
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		return err
	}
	progress("profiling for %v", s.duration)
	shot, err := wrk(ctx, g.dir, e, s.connections[0], s.duration)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGUSR2); err != nil {
		return err
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(out)
		if err == nil {
			fmt.Printf("%d requests, %.0f/s; %s: %d bytes\n", shot.requests, shot.perSecond, s.profile, len(text))
			return os.WriteFile(s.profile, text, 0o644)
		}
		if !errors.Is(err, os.ErrNotExist) || time.Now().After(end) {
			return err
		}
	}
}

func buildProfiled(ctx context.Context, dir string) (binary string, err error) {
	source, overlay := filepath.Join(dir, "profiler.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(source, profiler, 0o600); err != nil {
		return "", err
	}
	added, err := filepath.Abs("cmd/vestibule/profiler.go")
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{added: source}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", err
	}
	progress("building the program with a profiler")
	binary = filepath.Join(dir, "vestibule-profiled")
	return binary, command(ctx, ".", "go", "build", "-trimpath", "-overlay", overlay, "-o", binary, "./cmd/vestibule")
}
