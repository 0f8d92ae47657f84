package db_test

import (
	"context"
	"errors"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"vestibule/store/db"
)

// TestTheSpanOfACallOfTheDatabase has its operation and its result, and not the text of an error.
func TestTheSpanOfACallOfTheDatabase(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		spans := tracetest.NewSpanRecorder()
		tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)).Tracer("")
		ctx, request := tracer.Start(t.Context(), "request")
		for _, tt := range []struct {
			err    error
			result string
			failed bool
		}{
			{nil, "", false},
			{db.ErrNotFound, "refused", false},
			{errors.New("10.0.0.7: no route"), "failed", true},
		} {
			before := len(spans.Ended())
			_ = d.Call(ctx, "find it", func(context.Context) error { return tt.err })
			ended := spans.Ended()[before:]
			if len(ended) != 1 {
				t.Fatalf("got %d spans, want 1", len(ended))
			}
			s := ended[0]
			got := attribute.NewSet(s.Attributes()...)
			result, _ := got.Value("error.type")
			if s.Name() != "find it" || s.Parent().SpanID() != request.SpanContext().SpanID() || result.AsString() != tt.result || (s.Status().Code == codes.Error) != tt.failed || s.Status().Description != "" {
				t.Errorf("%v: got %s %v %+v below %v", tt.err, s.Name(), s.Attributes(), s.Status(), s.Parent())
			}
			if system, _ := got.Value("db.system.name"); (system.AsString() == "postgresql") != d.Shared() {
				t.Errorf("got the system %q", system.AsString())
			}
		}
		_ = d.Call(t.Context(), "in the background", func(context.Context) error { return nil })
		if n := len(spans.Ended()); n != 3 {
			t.Errorf("got %d spans, want none of a call that belongs to no request", n)
		}
	})
}
