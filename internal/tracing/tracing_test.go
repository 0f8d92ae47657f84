package tracing

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"vestibule/internal/testlog"
	"vestibule/internal/waittest"
)

func start(t *testing.T, cfg Config, log io.Writer) *Tracing {
	t.Helper()
	traces, err := Start(t.Context(), cfg, nil, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return traces
}

func TestWithoutACollectorNothingIsRecorded(t *testing.T) {
	traces := start(t, Config{Service: "x"}, io.Discard)
	if traces != nil || traces.Tracer() != nil {
		t.Errorf("got %v, want none", traces)
	}
	traces.Stop()
}

// TestASilentCollectorDelaysAStopByABoundedTime, and the log says so.
func TestASilentCollectorDelaysAStopByABoundedTime(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer silent.Close()
	log := &testlog.Buffer{}
	traces := start(t, Config{Endpoint: silent.URL + "/v1/traces"}, log)
	_, span := traces.Tracer().Start(t.Context(), "x")
	span.End()
	begun := time.Now()
	traces.Stop()
	if took := time.Since(begun); took < stopTime {
		t.Errorf("it has waited %v, want %v for a collector that may answer", took, stopTime)
	}
	log.Want(t, "level=WARN msg=\"traces cannot be sent")
}

// waiting is an exporter whose collector never answers.
type waiting struct{ sdk.SpanExporter }

func (waiting) ExportSpans(ctx context.Context, _ []sdk.ReadOnlySpan) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestNoExportGoesOnBehindAStop: neither one under way nor a later one.
func TestNoExportGoesOnBehindAStop(t *testing.T) {
	e := newExporter(waiting{}, &troubles{log: slog.New(slog.DiscardHandler)}, newSpans(nil))
	over := make(chan error)
	go func() { over <- e.ExportSpans(context.Background(), nil) }()
	e.cancel()
	waittest.Receive(t, "end of the export", over)
}

// failing is an exporter whose collector is away.
type failing struct {
	sdk.SpanExporter
	err error
}

func (f failing) ExportSpans(context.Context, []sdk.ReadOnlySpan) error { return f.err }

func TestErrorsAreLoggedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &testlog.Buffer{}
		troubles := &troubles{log: slog.New(slog.NewTextHandler(log, nil))}
		e := newExporter(failing{err: errors.New("away: " + strings.Repeat("<p>", 1000))}, troubles, newSpans(nil))
		export := func() {
			t.Helper()
			if err := e.ExportSpans(t.Context(), nil); err != nil {
				t.Errorf("got %v, which the SDK would report again", err)
			}
		}
		for range 10 {
			export()
			time.Sleep(5 * time.Second)
		}
		if got := strings.Count(log.String(), "level=WARN"); got != 1 || len(log.String()) > 2*longest {
			t.Errorf("got %d records in %d bytes, want 1:\n%s", got, len(log.String()), log)
		}
		time.Sleep(quiet)
		export()
		if got := log.String(); strings.Count(got, "level=WARN") != 2 || !strings.Contains(got, "errors_not_logged=9") {
			t.Errorf("got\n%s\nwant a second record, which says that 9 are missing", got)
		}
	})
}

// TestTheSDKsOwnLog: its errors are logged like others, without values, and nothing else is.
func TestTheSDKsOwnLog(t *testing.T) {
	log := &testlog.Buffer{}
	own := slog.New((&troubles{log: slog.New(slog.NewTextHandler(log, nil))}).handler())
	own.Warn("for developers")
	own.With("a", "b").WithGroup("g").Error("parse headers", "input", "key=hunter2")
	own.Error("again")
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `error="parse headers"`) || strings.Contains(got, "hunter2") {
		t.Errorf("got %q, want the error alone", got)
	}
}

// TestSamplers: those with parentbased follow the parent, and the others do not.
func TestSamplers(t *testing.T) {
	parent := func(flags trace.TraceFlags) context.Context {
		return trace.ContextWithRemoteSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: flags, Remote: true,
		}))
	}
	for _, tt := range []struct {
		sampler                string
		ratio                  float64
		alone, sampled, notSet bool // whether a span is recorded, by its parent
	}{
		{"", 0, true, true, false},
		{"parentbased_always_on", 0, true, true, false},
		{"parentbased_always_off", 0, false, true, false},
		{"parentbased_traceidratio", 0, false, true, false},
		{"parentbased_traceidratio", 1, true, true, false},
		{"always_on", 0, true, true, true},
		{"always_off", 0, false, false, false},
		{"traceidratio", 1, true, true, true},
		{"traceidratio", 0, false, false, false},
	} {
		tracer := sdk.NewTracerProvider(sdk.WithSampler(Config{Sampler: tt.sampler, Ratio: tt.ratio}.sampler())).Tracer("")
		for ctx, want := range map[context.Context]bool{t.Context(): tt.alone, parent(trace.FlagsSampled): tt.sampled, parent(0): tt.notSet} {
			if _, span := tracer.Start(ctx, "x"); span.IsRecording() != want {
				t.Errorf("%s %v: got %t, want %t below %v", tt.sampler, tt.ratio, !want, want, trace.SpanContextFromContext(ctx).TraceFlags())
			}
		}
	}
}

func TestTheNameOfTheService(t *testing.T) {
	for want, cfg := range map[string]Config{
		"vestibule": {},
		"front":     {Service: "front", Attributes: map[string]string{"service.name": "other"}},
		"other":     {Attributes: map[string]string{"service.name": "other"}},
	} {
		if got, _ := cfg.resource().Set().Value("service.name"); got.AsString() != want {
			t.Errorf("got %q, want %q", got.AsString(), want)
		}
	}
}
