package main

import (
	"context"

	"vestibule/internal/daemon"
	"vestibule/internal/settings"
)

// serve runs vestibule serve, bff and api until ctx ends. It runs the sides whose
// addresses the command reads.
func serve(ctx context.Context, p *program, c *settings.Settings) error {
	return daemon.Run(ctx, c, reloads, p.stdout, p.stderr)
}
