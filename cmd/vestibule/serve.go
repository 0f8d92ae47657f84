package main

import (
	"context"

	"vestibule/internal/daemon"
	"vestibule/internal/settings"
)

// serve runs the sides that the command reads an address for, until ctx ends.
func serve(ctx context.Context, p *program, c *settings.Settings) error {
	return daemon.Run(ctx, c, p.stdout, p.stderr)
}
