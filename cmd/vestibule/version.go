package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"vestibule/internal/settings"
)

// version can be set by the linker: -ldflags "-X main.version=1.2.3".
var version string

func printVersion(_ context.Context, p *program, _ *settings.Settings) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	fmt.Fprintln(p.stdout, versionLine(version, info))
	return nil
}

// versionLine returns the version and the commit of the build, if they are known.
func versionLine(version string, info *debug.BuildInfo) string {
	if version == "" {
		version = info.Main.Version
	}
	if version == "" {
		version = "(devel)"
	}
	commit, dirty := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = ", modified"
		}
	}
	return fmt.Sprintf("vestibule %s (commit %s%s, %s %s/%s)", version, commit, dirty, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
