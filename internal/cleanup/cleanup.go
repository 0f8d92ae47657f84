// Package cleanup deletes rows that are of no more use, in the background. Nothing but
// the size of their tables depends on when.
package cleanup

import (
	"context"
	"log/slog"
	"time"

	"vestibule/store/db"
)

// Job deletes one kind of rows.
type Job struct {
	Failure string // what the log says when it fails, like "expired links were not deleted"

	// Batch deletes a bounded number, so that others are not kept from writing. It says
	// whether there may be more.
	Batch func(context.Context) (more bool, err error)
}

// Run does all jobs, one after the other, at once and then at every interval, until ctx
// ends. A job that fails does not keep the others from being done.
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
