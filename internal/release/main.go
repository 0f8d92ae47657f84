// Command release builds the archives of a release, the same bytes for everybody who builds
// the same commit with the same version of Go.
//
// Usage, in the root of a clone without uncommitted changes:
//
//	release [-out folder] [-platforms os/arch,...] [-sbom=false]
//
// The version and the commit are those that the go command stamps into the program: the
// version is the tag of the commit, or a pseudo-version if it has none. Nothing comes from
// the clock, the user or the folder: all times are that of the commit.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

// platforms are what a release is built for.
const platforms = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var r release
	flag.StringVar(&r.out, "out", "dist", "the folder for the archives")
	flag.StringVar(&r.platforms, "platforms", platforms, "what to build for")
	flag.BoolVar(&r.sbom, "sbom", true, "write a software bill of materials for each archive")
	flag.Parse()
	if err := r.build(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release is one run.
type release struct {
	out       string
	platforms string
	sbom      bool
	bomTool   string // the program that writes bills of materials
}

// build builds all archives and their sums.
func (r *release) build(ctx context.Context) error {
	if err := unchanged(ctx); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "vestibule-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	if r.sbom {
		if err := r.buildBOMTool(ctx, work); err != nil {
			return err
		}
	}
	for platform := range strings.SplitSeq(r.platforms, ",") {
		system, arch, found := strings.Cut(platform, "/")
		if !found {
			return fmt.Errorf("-platforms has %q; write it like linux/amd64", platform)
		}
		if err := r.buildFor(ctx, filepath.Join(work, system+"_"+arch), system, arch); err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
	}
	return writeSums(r.out)
}

// unchanged refuses a clone with changes: nobody else could build the same.
func unchanged(ctx context.Context) error {
	status, err := command(ctx, "git", "status", "--porcelain").Output()
	switch {
	case err != nil:
		return fmt.Errorf("git status: %w; a release is built in a clone", withText(err))
	case len(status) > 0:
		return fmt.Errorf("there are uncommitted changes:\n%s", status)
	}
	return nil
}

// buildFor builds the archive of one platform.
func (r *release) buildFor(ctx context.Context, work, system, arch string) error {
	binary := filepath.Join(work, "vestibule")
	if system == "windows" {
		binary += ".exe"
	}
	s, err := compile(ctx, binary, system, arch)
	if err != nil {
		return err
	}
	files, err := contents(binary, s)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("vestibule_%s_%s_%s", s.version, system, arch)
	write, suffix := writeTarGz, ".tar.gz"
	if system == "windows" {
		write, suffix = writeZip, ".zip"
	}
	if err := writeFile(filepath.Join(r.out, name+suffix), func(f *os.File) error { return write(f, name, s.time, files) }); err != nil {
		return err
	}
	fmt.Println(name + suffix)
	if !r.sbom {
		return nil
	}
	return r.writeBOM(ctx, binary, s, filepath.Join(r.out, name+".cdx.json"))
}

// writeFile creates a file with what write writes.
func writeFile(path string, write func(*os.File) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	return cmd
}

// withText adds what a program has written to its standard error.
func withText(err error) error {
	if exit, is := errors.AsType[*exec.ExitError](err); is && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return err
}
