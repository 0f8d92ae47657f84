package settings

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestibule/internal/testtls"
)

// TestVariablesOfTheSDKAreRefusedByName: the SDK would end the process, run in a circle, or use
// something else than the value.
func TestVariablesOfTheSDKAreRefusedByName(t *testing.T) {
	text := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(text, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	crt, key := testtls.Files(t, testtls.NewAuthority(t).Certificate(t))
	for name, values := range map[string][]string{
		"OTEL_BSP_MAX_QUEUE_SIZE":                      {"-5", "0", "9999999999999", "many"},
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE":               {"-5", "0", "100001"},
		"OTEL_BSP_SCHEDULE_DELAY":                      {"0", "-1", "5s"},
		"OTEL_BSP_EXPORT_TIMEOUT":                      {"0", "-1", "5s"},
		"OTEL_EXPORTER_OTLP_TIMEOUT":                   {"0", "-1", "5s", "9999999999"},
		"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT":            {"0", "10s"},
		"OTEL_EXPORTER_OTLP_COMPRESSION":               {"zip", "GZIP"},
		"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION":        {"zstd"},
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL":           {"grpc", "http/json"},
		"OTEL_EXPORTER_OTLP_CERTIFICATE":               {"/nowhere.pem", text},
		"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE":        {"/nowhere.pem"},
		"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE":        {crt, "/nowhere.pem"}, // without a key
		"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": {crt},
	} {
		for _, v := range values {
			env := Environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://localhost:4318", name: v}
			if found := loadFaults(t, ForServe, env); len(found) != 1 || found[0].Setting != name || found[0].Cure == "" {
				t.Errorf("%s=%s: got %v, want one fault of it", name, v, found)
			}
			delete(env, "OTEL_EXPORTER_OTLP_ENDPOINT") // it is for other programs
			mustLoad(t, ForServe, env)
		}
	}
	for _, env := range []Environment{
		{"OTEL_EXPORTER_OTLP_CERTIFICATE": crt}, {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": crt, "OTEL_EXPORTER_OTLP_CLIENT_KEY": key},
	} {
		env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://localhost:4318"
		if found := loadFaults(t, ForServe, env); len(found) != 1 || !strings.Contains(found[0].Problem, "https") {
			t.Errorf("%v: got %v, want a fault", env, found)
		}
	}
}

// TestVariablesOfTheSDKAreUsed: what is for traces alone goes before what is for all signals.
func TestVariablesOfTheSDKAreUsed(t *testing.T) {
	crt, key := testtls.Files(t, testtls.NewAuthority(t).Certificate(t))
	got := mustLoad(t, ForServe, Environment{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "https://localhost:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
		"OTEL_BSP_MAX_QUEUE_SIZE": "7", "OTEL_EXPORTER_OTLP_TIMEOUT": "10", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "2500", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
		"OTEL_EXPORTER_OTLP_CERTIFICATE": crt, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": crt, "OTEL_EXPORTER_OTLP_CLIENT_KEY": key,
	}).Tracing
	if got.Queue != 7 || got.Timeout != 2500*time.Millisecond || got.TLS == nil || got.TLS.RootCAs == nil || len(got.TLS.Certificates) != 1 {
		t.Errorf("got %+v", got)
	}
	if got := mustLoad(t, ForServe, Environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://localhost:4318"}).Tracing; got.Queue != 2048 || got.Timeout != 0 || got.TLS != nil {
		t.Errorf("by default: got %+v", got)
	}
}

// TestTheCollectorIsAskedThroughTheProxy that the usual variables name.
func TestTheCollectorIsAskedThroughTheProxy(t *testing.T) {
	of := mustLoad(t, ForServe, Environment{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example:4318", "https_proxy": "http://proxy.example:3128", "NO_PROXY": "internal.example",
	}).Tracing.Proxy
	for to, want := range map[string]string{"https://collector.example:4318/v1/traces": "http://proxy.example:3128", "https://internal.example/": "<nil>", "http://collector.example/": "<nil>"} {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := of(u); fmt.Sprint(got) != want || err != nil {
			t.Errorf("%s: got %v, %v, want %s", to, got, err, want)
		}
	}
}
