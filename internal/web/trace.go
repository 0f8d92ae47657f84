package web

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// A span says what the metrics say: the surface, the route, the method, the status, the code of a
// refusal. It has no path, query, address, user or text of an error. Who may read traces is not
// always who may read the log. The client's tracestate is left out too: it may hold anything.

// startSpan starts the span of r, below the sender's if it has sent a valid traceparent. It is
// found in the record's context.
func (l RequestLog) startSpan(rec *record, r *http.Request) {
	ctx := rec.Context
	if sent := r.Header["Traceparent"]; len(sent) == 1 {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": sent[0]})
	}
	rec.Context, _ = l.Tracer.Start(ctx, spanMethod(r), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("vestibule.surface", l.Surface),
		SpanMethod(r),
	))
}

// SpanMethod returns the attribute for the method of r. A method that no route can have is
// _OTHER, because a client could invent any number of them.
func SpanMethod(r *http.Request) attribute.KeyValue {
	if slices.Contains(methods, r.Method) {
		return attribute.String("http.request.method", r.Method)
	}
	return attribute.String("http.request.method", "_OTHER")
}

// spanMethod is the method in the name of a span.
func spanMethod(r *http.Request) string {
	if slices.Contains(methods, r.Method) {
		return r.Method
	}
	return "HTTP"
}

// endSpan ends the span of r, and returns the attributes of the log record for it.
func (l RequestLog) endSpan(r *http.Request, rec *record, status int, aborted bool) []slog.Attr {
	span := trace.SpanFromContext(rec.Context)
	if route := cmp.Or(rec.route, rec.endpoint); route != "" {
		span.SetName(spanMethod(r) + " " + route)
		span.SetAttributes(attribute.String("http.route", route))
	}
	if status > 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
	EndSpan(span, rec.err, aborted || status >= http.StatusInternalServerError)
	return []slog.Attr{
		slog.String("trace_id", span.SpanContext().TraceID().String()),
		slog.String("span_id", span.SpanContext().SpanID().String()),
	}
}

// EndSpan ends a span of a request that err refuses; nil: nothing does. failed reports whether the
// request has failed by our fault or the API's. Of err only the code is told: its text may contain
// hosts and addresses.
func EndSpan(span trace.Span, err error, failed bool) {
	switch {
	case errors.Is(err, context.Canceled):
		span.SetAttributes(attribute.String("error.type", "CLIENT_LEFT"))
	case err != nil:
		span.SetAttributes(attribute.String("error.type", AsError(err).Code))
	}
	if failed {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
