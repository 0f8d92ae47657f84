// Package tracing sends spans to a collector of OpenTelemetry, by OTLP over HTTP.
//
// Other packages know only the API of OpenTelemetry: a span is found in the context, and without
// one nothing is recorded. This package is the only one that knows the SDK.
//
// A collector that is away must not disturb anything. Ended spans wait in a queue of the SDK, and
// what does not fit is dropped. Nothing waits for the queue but Stop, for a bounded time.
package tracing

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Config says where spans go. The zero Config is off.
type Config struct {
	Endpoint   string            // the URL that takes spans; "": they are not recorded
	Headers    map[string]string // sent with each export
	Service    string            // the name of this service
	Attributes map[string]string // of this service; service.name here yields to Service
	Sampler    string            // one of Samplers; "": the first of them
	Ratio      float64           // of the samplers that take a part of the traces, from 0 to 1
	Queue      int               // how many ended spans may wait; 0: DefaultQueue
	Timeout    time.Duration     // of one request to the collector; 0: ten seconds
	TLS        *tls.Config       // for an https Endpoint; nil: the system's roots
	// Proxy returns the proxy on the way to the collector, or nil; nil: there is none.
	Proxy func(collector *url.URL) (*url.URL, error)
}

// samplers decide which traces are recorded. Those whose name begins with parentbased follow the
// sender's traceparent if it has a valid one.
var samplers = []struct {
	name string
	of   func(ratio float64) sdk.Sampler
}{
	{"parentbased_always_on", func(float64) sdk.Sampler { return sdk.ParentBased(sdk.AlwaysSample()) }},
	{"parentbased_always_off", func(float64) sdk.Sampler { return sdk.ParentBased(sdk.NeverSample()) }},
	{"parentbased_traceidratio", func(ratio float64) sdk.Sampler { return sdk.ParentBased(sdk.TraceIDRatioBased(ratio)) }},
	{"always_on", func(float64) sdk.Sampler { return sdk.AlwaysSample() }},
	{"always_off", func(float64) sdk.Sampler { return sdk.NeverSample() }},
	{"traceidratio", sdk.TraceIDRatioBased},
}

// Samplers returns the names of the samplers. The first is the default.
func Samplers() []string {
	var names []string
	for _, s := range samplers {
		names = append(names, s.name)
	}
	return names
}

func (cfg Config) sampler() sdk.Sampler {
	for _, s := range samplers {
		if s.name == cfg.Sampler {
			return s.of(cfg.Ratio)
		}
	}
	return samplers[0].of(cfg.Ratio)
}

// stopTime bounds how long Stop waits for the collector. What is left then is dropped.
const stopTime = 2 * time.Second

const (
	defaultTimeout = 10 * time.Second // OpenTelemetry's own
	maxHeader      = 64 << 10         // of an answer of the collector, in bytes
)

// Tracing records spans. A nil *Tracing records nothing.
type Tracing struct {
	provider *sdk.TracerProvider
	exporter *exporter
}

// Start starts to record, or returns nil if cfg is off. Problems with the collector are not
// errors: the log has them, once a minute at most. The SDK reads further settings, such as its
// compression, from the environment of the process.
func Start(ctx context.Context, cfg Config, metrics prometheus.Registerer, log *slog.Logger) (*Tracing, error) {
	if cfg.Endpoint == "" {
		return nil, nil
	}
	troubles := &troubles{log: log}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(troubles.report))
	otel.SetLogger(logr.FromSlogHandler(troubles.handler())) // the SDK's own would write to stderr
	options := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(cfg.Endpoint), otlptracehttp.WithHTTPClient(cfg.client())}
	if len(cfg.Headers) > 0 {
		options = append(options, otlptracehttp.WithHeaders(cfg.Headers))
	}
	to, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("start of the export of traces: %w", err)
	}
	spans, size := newSpans(metrics), cmp.Or(cfg.Queue, DefaultQueue)
	t := &Tracing{exporter: newExporter(to, troubles, spans)}
	t.provider = sdk.NewTracerProvider(
		sdk.WithSpanProcessor(&queue{sdk.NewBatchSpanProcessor(t.exporter, sdk.WithMaxQueueSize(size)), int64(size), spans}),
		sdk.WithSampler(cfg.sampler()),
		sdk.WithResource(cfg.resource()),
	)
	return t, nil
}

// client returns the client for the collector. It follows no redirect: net/http would send the
// headers, which may be keys, to another host, and a page to sign in would look like success.
func (cfg Config) client() *http.Client {
	transport := &http.Transport{
		TLSClientConfig:        cfg.TLS,
		ForceAttemptHTTP2:      true,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
	}
	if cfg.Proxy != nil {
		transport.Proxy = func(r *http.Request) (*url.URL, error) { return cfg.Proxy(r.URL) }
	}
	return &http.Client{
		Transport:     transport,
		Timeout:       cmp.Or(cfg.Timeout, defaultTimeout),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// resource describes this process: its service, and no host or process id.
func (cfg Config) resource() *resource.Resource {
	var attributes []attribute.KeyValue
	if info, ok := debug.ReadBuildInfo(); ok {
		attributes = append(attributes, attribute.String("service.version", info.Main.Version))
	}
	for name, value := range cfg.Attributes {
		attributes = append(attributes, attribute.String(name, value))
	}
	if cfg.Service != "" {
		attributes = append(attributes, attribute.String("service.name", cfg.Service))
	}
	if !slices.ContainsFunc(attributes, func(a attribute.KeyValue) bool { return a.Key == "service.name" }) {
		attributes = append(attributes, attribute.String("service.name", "vestibule"))
	}
	return resource.NewSchemaless(attributes...)
}

// Tracer returns what starts spans, or nil if none are recorded.
func (t *Tracing) Tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.provider.Tracer("vestibule")
}

// Stop sends what has ended so far. It returns after stopTime at the latest, also if the collector
// is away or silent.
func (t *Tracing) Stop() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	defer t.exporter.cancel() // otherwise an export could go on behind us
	if err := t.provider.Shutdown(ctx); err != nil {
		t.exporter.troubles.report(err)
	}
}
