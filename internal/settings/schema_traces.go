package settings

import "vestibule/internal/tracing"

var traceExporters = []choice[bool]{{"otlp", false}, {"none", true}}

// traceSettings have the names of OpenTelemetry's standard. The SDK reads further ones of its
// own from the environment, and they are not refused.
var traceSettings = group{"Traces", []setting{
	{
		name: "OTEL_EXPORTER_OTLP_ENDPOINT", by: ForServe | ForBFF | ForAPI, arg: "URL", unset: "no traces are sent",
		help:  "The collector of traces, by OTLP over HTTP (docs/operations.md); they go to /v1/traces below it.",
		check: func(c *checker, v string) { c.traces.base = c.collectorURL(v) },
	},
	{
		name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", by: ForServe | ForBFF | ForAPI, arg: "URL", unset: "OTEL_EXPORTER_OTLP_ENDPOINT with /v1/traces",
		help:  "The whole URL that takes traces, if it is another one.",
		check: func(c *checker, v string) { c.traces.exact = c.collectorURL(v) },
	},
	{
		name: "OTEL_EXPORTER_OTLP_PROTOCOL", by: ForServe | ForBFF | ForAPI, arg: "WORD", value: "http/protobuf",
		help:  "Only http/protobuf. Collectors expect it at port 4318, and gRPC at 4317.",
		check: func(c *checker, v string) { c.traces.protocol = v },
	},
	{
		name: "OTEL_EXPORTER_OTLP_HEADERS", by: ForServe | ForBFF | ForAPI, arg: "NAME=VALUE,…", unset: "none", secret: true,
		help:  "Headers for the collector, with percent-encoded values, for example its key.",
		check: func(c *checker, v string) { c.traces.headers = c.pairs(v, isToken) },
	},
	{
		name: "OTEL_EXPORTER_OTLP_TRACES_HEADERS", by: ForServe | ForBFF | ForAPI, arg: "NAME=VALUE,…", unset: "OTEL_EXPORTER_OTLP_HEADERS", secret: true,
		help:  "Headers with traces, in place of those.",
		check: func(c *checker, v string) { c.traces.exactHeaders = c.pairs(v, isToken) },
	},
	{
		name: "OTEL_SERVICE_NAME", by: ForServe | ForBFF | ForAPI, arg: "NAME", unset: "service.name of OTEL_RESOURCE_ATTRIBUTES, or vestibule",
		help:  "The name of this service in traces.",
		check: func(c *checker, v string) { c.Tracing.Service = c.text(v) },
	},
	{
		name: "OTEL_RESOURCE_ATTRIBUTES", by: ForServe | ForBFF | ForAPI, arg: "NAME=VALUE,…", unset: "none",
		help:  "What else traces say about this process, with percent-encoded values, for example deployment.environment.name=test.",
		check: func(c *checker, v string) { c.Tracing.Attributes = c.pairs(v, func(string) bool { return true }) },
	},
	{
		name: "OTEL_TRACES_SAMPLER", by: ForServe | ForBFF | ForAPI, arg: "WORD", value: tracing.Samplers()[0],
		help:  "Which traces are recorded. With parentbased_ in front, a client's valid traceparent decides about its own; parentbased_always_on, parentbased_always_off, parentbased_traceidratio, always_on, always_off or traceidratio.",
		check: func(c *checker, v string) { c.Tracing.Sampler = oneOf(c, v, samplers()) },
	},
	{
		name: "OTEL_TRACES_SAMPLER_ARG", by: ForServe | ForBFF | ForAPI, arg: "NUMBER", value: "1",
		help:  "The part of the traces that a sampler with traceidratio takes, from 0 to 1.",
		check: func(c *checker, v string) { c.Tracing.Ratio = c.ratio(v) },
	},
	{
		name: "OTEL_TRACES_EXPORTER", by: ForServe | ForBFF | ForAPI, arg: "WORD", value: "otlp",
		help:  "otlp, or none: send no traces, whatever else is set.",
		check: func(c *checker, v string) { c.traces.none = oneOf(c, v, traceExporters) },
	},
	{
		name: "OTEL_SDK_DISABLED", by: ForServe | ForBFF | ForAPI, arg: "BOOL", value: "false",
		help:  "The same as OTEL_TRACES_EXPORTER=none.",
		check: func(c *checker, v string) { c.traces.disabled = oneOf(c, v, boolWords) },
	},
}}
