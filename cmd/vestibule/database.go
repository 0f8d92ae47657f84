package main

import (
	"context"
	"log/slog"

	"vestibule/store"
)

func openStore(ctx context.Context, c *config, log *slog.Logger) (*store.Store, error) {
	return store.Open(ctx, c.database.url)
}
func migrateUp(ctx context.Context, p *program, c *config) error { return nil }
func migrateDown(ctx context.Context, p *program, c *config) error { return nil }
func migrateStatus(ctx context.Context, p *program, c *config) error { return nil }
func announce(p *program, c *config, at *listeners, log *slog.Logger) {}
func (c *config) secrets() [][]byte { return nil }
