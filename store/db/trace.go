package db

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// startSpan starts the span of a call, if it is a part of a recorded request. Calls of the
// background work have none. The span has the name of the operation, which is a constant of the
// program, and neither statements nor values.
func (s *DB) startSpan(ctx context.Context, what string) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, nil
	}
	system := "sqlite"
	if s.Shared() {
		system = "postgresql"
	}
	return parent.TracerProvider().Tracer("vestibule").Start(ctx, what, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.system.name", system), attribute.String("db.operation.name", what)))
}

// endSpan ends a span that may be nil. A refusal, such as not found, is no failure.
func endSpan(span trace.Span, err error) {
	if span == nil {
		return
	}
	if err != nil {
		word := result(err)
		span.SetAttributes(attribute.String("error.type", word))
		if word != "refused" {
			span.SetStatus(codes.Error, "")
		}
	}
	span.End()
}
