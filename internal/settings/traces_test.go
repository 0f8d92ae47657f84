package settings

import (
	"maps"
	"testing"
)

// TestWhereTracesGo: what is for traces alone goes before what is for all signals.
func TestWhereTracesGo(t *testing.T) {
	const endpoint, exact = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	for _, tt := range []struct {
		env  Environment
		want string
	}{
		{nil, ""},
		{Environment{"OTEL_SERVICE_NAME": "front"}, ""},
		{Environment{endpoint: "http://localhost:4318"}, "http://localhost:4318/v1/traces"},
		{Environment{endpoint: "http://localhost:4318/base/"}, "http://localhost:4318/base/v1/traces"},
		{Environment{endpoint: "http://localhost:4318", exact: "https://x.internal/in"}, "https://x.internal/in"},
		{Environment{exact: "https://x.internal/in"}, "https://x.internal/in"},
		{Environment{endpoint: "http://localhost:4318", "OTEL_SDK_DISABLED": "true"}, ""},
		{Environment{exact: "http://localhost:4318", "OTEL_TRACES_EXPORTER": "none"}, ""},
		{Environment{endpoint: "http://localhost:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_EXPORTER": "none"}, ""},
	} {
		if got := mustLoad(t, ForServe, tt.env).Tracing.Endpoint; got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.env, got, tt.want)
		}
	}
}

func TestHeadersForTheCollector(t *testing.T) {
	env := Environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=x%20y%2Cz, B = 2"}
	if got, want := mustLoad(t, ForServe, env).Tracing.Headers, map[string]string{"api-key": "x y,z", "B": "2"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	env["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] = "only=this"
	if got, want := mustLoad(t, ForServe, env).Tracing.Headers, map[string]string{"only": "this"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
