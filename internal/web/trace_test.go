package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// spanOf returns the span of r, handled by h, and the log record.
func spanOf(t *testing.T, r *http.Request, h HandlerFunc) (sdk.ReadOnlySpan, map[string]any) {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	var log logBuffer
	l := RequestLog{Log: log.logger(), Surface: "bff", Errors: writeTestError, Tracer: sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)).Tracer("")}
	func() {
		defer func() { _ = recover() }() // an answer that has begun ends with a panic
		l.Wrap(Handle(h, writeTestError)).ServeHTTP(httptest.NewRecorder(), r)
	}()
	ended := spans.Ended()
	if len(ended) != 1 {
		t.Fatalf("got %d spans, want 1", len(ended))
	}
	return ended[0], log.records(t, 1)[0]
}

func TestTheSpanOfARequest(t *testing.T) {
	t.Parallel()
	secret := errors.New("dial 10.0.0.7: refused")
	for name, tt := range map[string]struct {
		method  string
		handler HandlerFunc
		span    string
		want    []attribute.KeyValue
		failed  bool
	}{
		"an answer": {http.MethodGet, func(w http.ResponseWriter, r *http.Request) error {
			NoteEndpoint(r, "/things/{id}")
			NoteUser(r, "usr_1")
			return WriteJSON(w, http.StatusOK, 1)
		}, "GET /things/{id}", []attribute.KeyValue{attribute.String("http.route", "/things/{id}"), attribute.Int("http.response.status_code", 200)}, false},
		"a route of the proxy": {http.MethodGet, func(_ http.ResponseWriter, r *http.Request) error {
			NoteEndpoint(r, "/endpoint/")
			NoteRoute(r, "/api/proxy/")
			return nil
		}, "GET /api/proxy/", []attribute.KeyValue{attribute.Int("http.response.status_code", 200)}, false},
		"a refusal": {http.MethodPost, func(http.ResponseWriter, *http.Request) error { return ErrNotFound.Because(secret) },
			"POST", []attribute.KeyValue{attribute.String("error.type", "NOT_FOUND"), attribute.Int("http.response.status_code", 404)}, false},
		"a fault": {http.MethodPost, func(http.ResponseWriter, *http.Request) error { return secret },
			"POST", []attribute.KeyValue{attribute.String("error.type", "INTERNAL_SERVER_ERROR"), attribute.Int("http.response.status_code", 500)}, true},
		"a panic": {http.MethodPost, func(http.ResponseWriter, *http.Request) error { panic(secret) },
			"POST", []attribute.KeyValue{attribute.String("error.type", "INTERNAL_SERVER_ERROR")}, true},
		"an answer that breaks off": {http.MethodGet, func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = w.Write([]byte("x"))
			return secret
		}, "GET", []attribute.KeyValue{attribute.Int("http.response.status_code", 200)}, true},
		"an invented method": {"CINNAMON", func(http.ResponseWriter, *http.Request) error { return nil },
			"HTTP", []attribute.KeyValue{attribute.String("http.request.method", "_OTHER")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tt.method, "/things/abc?q=def", nil)
			span, rec := spanOf(t, r, tt.handler)
			if span.Name() != tt.span || span.SpanKind() != trace.SpanKindServer || (span.Status().Code == codes.Error) != tt.failed || span.Status().Description != "" {
				t.Errorf("got %s %v %+v, want %s, failed %t", span.Name(), span.SpanKind(), span.Status(), tt.span, tt.failed)
			}
			for _, want := range append(tt.want, attribute.String("vestibule.surface", "bff")) {
				if !slices.Contains(span.Attributes(), want) {
					t.Errorf("got %v, want also %v", span.Attributes(), want)
				}
			}
			for _, a := range span.Attributes() {
				for _, hidden := range []string{"abc", "def", "usr_1", "10.0.0.7", "192.0.2.1", "CINNAMON"} {
					if strings.Contains(a.Value.String(), hidden) {
						t.Errorf("%s has %q", a.Key, hidden)
					}
				}
			}
			if rec["trace_id"] != span.SpanContext().TraceID().String() || rec["span_id"] != span.SpanContext().SpanID().String() {
				t.Errorf("got %v in the log, want the ids of %v", rec, span.SpanContext())
			}
		})
	}
}

func TestOnlyOneValidTraceparentIsContinued(t *testing.T) {
	t.Parallel()
	const traceID, spanID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	valid := "00-" + traceID + "-" + spanID + "-01"
	for _, tt := range []struct {
		sent      []string
		continued bool
	}{
		{[]string{valid}, true},
		{[]string{"01" + valid[2:] + "-later"}, true},
		{nil, false},
		{[]string{valid, valid}, false},
		{[]string{valid + "-extra"}, false},
		{[]string{strings.ToUpper(valid)}, false},
		{[]string{"00-" + strings.Repeat("0", 32) + "-" + spanID + "-01"}, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Traceparent"] = tt.sent
		r.Header["Tracestate"] = []string{"velvet=1"}
		span, _ := spanOf(t, r, func(http.ResponseWriter, *http.Request) error { return nil })
		continued := span.SpanContext().TraceID().String() == traceID && span.Parent().SpanID().String() == spanID
		if continued != tt.continued || span.Parent().IsValid() != tt.continued || span.SpanContext().TraceState().Len() > 0 {
			t.Errorf("%q: got parent %v, state %q, want it continued: %t", tt.sent, span.Parent(), span.SpanContext().TraceState(), tt.continued)
		}
	}
}

// TestWithoutATracerTheRecordHasNoIDs: the log is as it was before there were traces.
func TestWithoutATracerTheRecordHasNoIDs(t *testing.T) {
	t.Parallel()
	var log logBuffer
	h := RequestLog{Log: log.logger()}.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if trace.SpanContextFromContext(r.Context()).IsValid() {
			t.Error("the request has a span")
		}
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	h.ServeHTTP(httptest.NewRecorder(), r)
	rec := log.records(t, 1)[0]
	for _, name := range []string{"trace_id", "span_id"} {
		if _, has := rec[name]; has {
			t.Errorf("got %v, want no %s", rec, name)
		}
	}
}
