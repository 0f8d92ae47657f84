package tracing

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// exporter sends spans by another exporter, and reports its errors. The end of the context of an
// export does not come from the SDK alone: cancel ends the one that is under way at a stop.
type exporter struct {
	sdk.SpanExporter
	troubles *troubles
	spans    *spans
	ended    context.Context
	cancel   context.CancelFunc
}

func newExporter(to sdk.SpanExporter, troubles *troubles, spans *spans) *exporter {
	e := &exporter{SpanExporter: to, troubles: troubles, spans: spans}
	e.ended, e.cancel = context.WithCancel(context.Background())
	return e
}

// ExportSpans implements sdk.SpanExporter. It returns no error: it has reported it.
func (e *exporter) ExportSpans(ctx context.Context, batch []sdk.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.ended, cancel)()
	err := e.SpanExporter.ExportSpans(ctx, batch)
	e.spans.exported(len(batch), err)
	if err != nil {
		e.troubles.report(err)
	}
	return nil
}

// troubles logs errors of the SDK, at most one in quiet.
type troubles struct {
	log *slog.Logger

	mu    sync.Mutex
	last  time.Time
	since int // errors since then that were not logged
}

const (
	quiet = time.Minute
	// longest is how many bytes of an error are logged. It may have a page that the collector has sent.
	longest = 300
)

// report logs err, or counts it if another one was logged less than a minute ago.
func (t *troubles) report(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if !t.last.IsZero() && now.Sub(t.last) < quiet {
		t.since++
		return
	}
	text := err.Error()
	if len(text) > longest {
		text = text[:longest] + "…"
	}
	t.log.Warn("traces cannot be sent; those that do not fit into the queue are lost", "error", text, "errors_not_logged", t.since)
	t.last, t.since = now, 0
}

// handler makes errors of the SDK's own logger troubles. What else it says is for its developers.
func (t *troubles) handler() slog.Handler { return sdkLog{t} }

type sdkLog struct{ troubles *troubles }

// Enabled implements slog.Handler.
func (sdkLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

// Handle implements slog.Handler.
func (l sdkLog) Handle(_ context.Context, r slog.Record) error {
	l.troubles.report(errors.New(r.Message)) // without its attributes, which may be values of settings
	return nil
}

// WithAttrs implements slog.Handler. The attributes are not needed.
func (l sdkLog) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements slog.Handler.
func (l sdkLog) WithGroup(string) slog.Handler { return l }
