package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// buildBOMTool builds the program that writes bills of materials. go tool would do too, but
// the bill names the hash of the program, which -trimpath makes the same in each folder.
func (r *release) buildBOMTool(ctx context.Context, work string) error {
	r.bomTool = filepath.Join(work, "cyclonedx-gomod")
	cmd := command(ctx, "go", "build", "-modfile=lint.mod", "-trimpath", "-buildvcs=false", "-o", r.bomTool, "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod")
	cmd.Env = buildEnv()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build of cyclonedx-gomod: %w", err)
	}
	return nil
}

// writeBOM writes the software bill of materials of a program, in CycloneDX's JSON: all modules
// with versions and hashes, the version of Go, and the hash of the program. They are read from
// the program itself.
func (r *release) writeBOM(ctx context.Context, binary string, s stamp, path string) error {
	// A serial number and a time would differ each time.
	cmd := command(ctx, r.bomTool, "bin", "-json", "-noserial", "-notimestamp", "-std", "-version", s.version, "-output", path, binary)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cyclonedx-gomod: %w", err)
	}
	return nil
}
