package proxy

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"vestibule/internal/web"
)

// traced sends one request with a traceparent and a tracestate through the proxy of r, in a server
// that records spans with the sampler. It returns the span of the call of the API, or nil.
func traced(t *testing.T, r *rig, sampler sdk.Sampler, parent string) sdk.ReadOnlySpan {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	front := httptest.NewServer(web.RequestLog{
		Log: slog.New(slog.DiscardHandler), Errors: writeTestError,
		Tracer: sdk.NewTracerProvider(sdk.WithSpanProcessor(spans), sdk.WithSampler(sampler)).Tracer(""),
	}.Wrap(web.Handle(r.proxy.Serve, writeTestError)))
	req, err := http.NewRequest(http.MethodGet, front.URL+"/api/proxy/x?velvet", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Traceparent": {parent}, "Tracestate": {"a=1"}, "Cookie": {"usr_1"}}
	if res, err := http.DefaultClient.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	front.Close() // waits for the request
	for _, s := range spans.Ended() {
		if s.SpanKind() == trace.SpanKindClient {
			return s
		}
	}
	return nil
}

const clientParent = "00-" + clientTrace + "-" + clientSpan + "-01"

// TestTheAPIContinuesTheSpanOfItsCall, also if nothing is recorded.
func TestTheAPIContinuesTheSpanOfItsCall(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sampler   sdk.Sampler
		parent    string
		continued bool
		flags     string
	}{
		"recorded":           {sdk.AlwaysSample(), clientParent, true, "-01"},
		"not recorded":       {sdk.NeverSample(), clientParent, true, "-00"},
		"an invalid parent":  {sdk.AlwaysSample(), clientParent + "0", false, "-01"},
		"only half accepted": {sdk.AlwaysSample(), clientParent[:53] + "ff", false, "-01"}, // by us, and not by the SDK
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newRecorder()
			span := traced(t, newRig(t, api), tt.sampler, tt.parent)
			got := api.onlyRequest(t).Header
			parent := got.Get("Traceparent")
			if !validTraceparent(parent) || !strings.HasSuffix(parent, tt.flags) || strings.Contains(parent, clientSpan) ||
				strings.Contains(parent, clientTrace) != tt.continued || (got.Get("Tracestate") != "") != tt.continued {
				t.Errorf("the API got %q and the state %q", parent, got.Get("Tracestate"))
			}
			switch {
			case tt.flags == "-00" && span != nil:
				t.Errorf("got the span %v, want none", span)
			case tt.flags == "-01" && (span == nil || !strings.Contains(parent, "-"+span.SpanContext().SpanID().String()+"-")):
				t.Errorf("the API got %q, want the id of %v", parent, span)
			}
		})
	}
}

// TestTheSpanOfACall says how it has ended, and nothing of the request.
func TestTheSpanOfACall(t *testing.T) {
	t.Parallel()
	silent := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for name, tt := range map[string]struct {
		api    http.Handler
		status int64  // of the API; 0: none
		code   string // of our refusal
		failed bool
	}{
		"an answer":    {newRecorder(), 200, "", false},
		"a refusal":    {http.NotFoundHandler(), 404, "", true},
		"no answer":    {silent, 0, "GATEWAY_TIMEOUT", true},
		"a broken one": {http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), 0, "BAD_GATEWAY", true},
		"half of one": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			_, _ = w.Write(make([]byte, 5000))
			panic(http.ErrAbortHandler)
		}), 200, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, tt.api, func(c *Config) {
				if tt.code == "GATEWAY_TIMEOUT" {
					c.Timeout = 10 * time.Millisecond
				}
			})
			span := traced(t, r, sdk.AlwaysSample(), clientParent)
			if span == nil {
				t.Fatal("there is no span")
			}
			got := attribute.NewSet(span.Attributes()...)
			status, _ := got.Value("http.response.status_code")
			code, _ := got.Value("error.type")
			if span.Name() != "GET /api/proxy/" || status.AsInt64() != tt.status || code.AsString() != tt.code || (span.Status().Code == codes.Error) != tt.failed || span.Status().Description != "" {
				t.Errorf("got %s %v %+v, want %+v", span.Name(), span.Attributes(), span.Status(), tt)
			}
			if n := len(span.Attributes()); n > 4 {
				t.Errorf("got %v, want the method, the route, the status and the code alone", span.Attributes())
			}
		})
	}
}
