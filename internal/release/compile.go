package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// stamp is what the go command has written into a program.
type stamp struct {
	version string // like v1.2.3
	time    time.Time
}

// compile builds the program and returns its stamp.
func compile(ctx context.Context, binary, system, arch string) (stamp, error) {
	// -trimpath removes the names of folders, -s -w the tables for debuggers, and without cgo
	// the program needs no library of the machine that it runs on.
	cmd := command(ctx, "go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", binary, "./cmd/vestibule")
	cmd.Env = buildEnv("GOOS="+system, "GOARCH="+arch)
	if err := cmd.Run(); err != nil {
		return stamp{}, fmt.Errorf("go build: %w", err)
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return stamp{}, err
	}
	return stampOf(info)
}

// buildEnv returns the environment of the go command, without what users set for themselves
// and would change the program.
func buildEnv(more ...string) []string {
	return append(append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off"), more...)
}

// stampOf returns the stamp of a program, and refuses one that does not say which commit it is.
func stampOf(info *debug.BuildInfo) (stamp, error) {
	s := stamp{version: info.Main.Version}
	values := map[string]string{}
	for _, setting := range info.Settings {
		values[setting.Key] = setting.Value
	}
	switch {
	case values["vcs.revision"] == "" || s.version == "" || s.version == "(devel)":
		return stamp{}, errors.New("the go command has not stamped the commit; build in a clone, and not in a worktree of git")
	case values["vcs.modified"] != "false":
		return stamp{}, errors.New("the go command says that there are uncommitted changes")
	}
	var err error
	s.time, err = time.Parse(time.RFC3339, values["vcs.time"])
	return s, err
}
