// Package periodic deletes rows that are no longer needed, in the background. When it runs
// affects only the size of the tables.
package periodic

import (
	"context"
	"log/slog"
	"time"

	"vestibule/store/db"
)

// Job deletes one kind of row.
type Job struct {
	Failure string // the log message of a failure, like "expired links were not deleted"

	// Batch deletes a bounded number of rows, so that it does not block other writers for
	// long. more reports whether there may be more rows.
	Batch func(context.Context) (more bool, err error)
}

// Run runs all jobs, one after the other, at once and then at every interval, until ctx
// ends. If one job fails, the others still run.
func Run(ctx context.Context, log *slog.Logger, every time.Duration, jobs ...Job) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		for _, job := range jobs {
			err := db.InBatches(ctx, func() (bool, error) { return job.Batch(ctx) })
			if err != nil && ctx.Err() == nil {
				log.LogAttrs(ctx, slog.LevelWarn, job.Failure, slog.String("error", err.Error()))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
