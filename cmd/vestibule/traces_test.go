package main

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

// traceCollector takes traces by OTLP over HTTP.
type traceCollector struct {
	url string

	mu      sync.Mutex
	bytes   strings.Builder // of all exports
	headers http.Header     // of the last one
	spans   []*otlp.Span
}

func startCollector(t *testing.T) *traceCollector {
	t.Helper()
	c := &traceCollector{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &sent)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("got an export at %s, %v", r.URL.Path, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.headers = r.Header
		c.bytes.Write(body)
		for _, of := range sent.GetResourceSpans() {
			for _, scope := range of.GetScopeSpans() {
				c.spans = append(c.spans, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

// only returns the only span of the trace with the name, kind and parent.
func (c *traceCollector) only(t *testing.T, trace, name string, kind otlp.Span_SpanKind, parent string) *otlp.Span {
	t.Helper()
	var found []*otlp.Span
	for _, s := range c.spans {
		if hex.EncodeToString(s.GetTraceId()) == trace && s.GetName() == name && s.GetKind() == kind {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("got %d spans %q of kind %v, want 1, in %v", len(found), name, kind, c.spans)
	}
	if got := hex.EncodeToString(found[0].GetParentSpanId()); got != parent {
		t.Errorf("%s: got the parent %q, want %q", name, got, parent)
	}
	return found[0]
}

func id(s *otlp.Span) string { return hex.EncodeToString(s.GetSpanId()) }

const (
	clientTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	clientSpan  = "00f067aa0ba902b7"
)

// TestOneTraceFromTheClientToTheDatabase over the BFF, the proxy and the API, with the records of
// the log. Nothing of what the client has sent is in it.
func TestOneTraceFromTheClientToTheDatabase(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	i := start(t, "serve", with(testEnv(t), settings.Environment{
		"OTEL_EXPORTER_OTLP_ENDPOINT": c.url, "OTEL_EXPORTER_OTLP_HEADERS": "X-Key=a%20b",
		"OTEL_SERVICE_NAME": "front", "OTEL_RESOURCE_ATTRIBUTES": "team=blue,service.name=other",
	}))
	ada, bff := browser(t), i.log.url("bff")
	if code, body := request(t, ada, http.MethodPost, bff+"/api/auth/sign-up/email", account); code != http.StatusOK {
		t.Fatalf("got %d %s", code, body)
	}
	r, err := http.NewRequest(http.MethodGet, bff+"/api/proxy/me/tasks?q=porcelain", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Traceparent", "00-"+clientTrace+"-"+clientSpan+"-01")
	r.Header.Set("Tracestate", "velvet=1")
	r.Header.Set("User-Agent", "marmalade")
	res, err := ada.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if code, _ := request(t, ada, http.MethodGet, bff+"/api/proxy/me/tasks/87654321", ""); code != http.StatusNotFound {
		t.Errorf("got %d, want 404", code)
	}
	if code, _ := request(t, ada, "CINNAMON", bff+"/nutmeg/x", ""); code < 400 {
		t.Errorf("got %d, want a refusal", code)
	}
	i.stop()
	waittest.Receive(t, "exit", i.code)

	outer := c.only(t, clientTrace, "GET /api/proxy/", otlp.Span_SPAN_KIND_SERVER, clientSpan)
	call := c.only(t, clientTrace, "GET /api/proxy/", otlp.Span_SPAN_KIND_CLIENT, id(outer))
	inner := c.only(t, clientTrace, "GET /api/{user_id}/tasks", otlp.Span_SPAN_KIND_SERVER, id(call))
	c.only(t, clientTrace, "search tasks", otlp.Span_SPAN_KIND_CLIENT, id(inner))
	for _, s := range []*otlp.Span{outer, inner} {
		if text := `"trace_id":"` + clientTrace + `","span_id":"` + id(s) + `"`; strings.Count(i.log.String(), text) != 1 {
			t.Errorf("the log has not one record with %s:\n%s", text, i.log)
		}
	}
	if got := c.headers.Get("X-Key"); got != "a b" {
		t.Errorf("got the header %q, want a b", got)
	}
	sent := c.bytes.String()
	for _, want := range []string{"front", "blue", "/api/auth/sign-up/email", "_OTHER", "NOT_FOUND"} {
		if !strings.Contains(sent, want) {
			t.Errorf("the export has no %q", want)
		}
	}
	for _, hidden := range []string{"porcelain", "velvet", "marmalade", "87654321", "CINNAMON", "nutmeg", "ada@", "correct horse", "better-auth", "127.0.0.1", "usr_", "tsk_", "SELECT"} {
		if strings.Contains(sent, hidden) {
			t.Errorf("the export has %q", hidden)
		}
	}
	for _, cookie := range ada.Jar.Cookies(res.Request.URL) {
		if strings.Contains(sent, cookie.Value) {
			t.Errorf("the export has the cookie %s", cookie.Name)
		}
	}
}

// TestACollectorThatIsAwayDisturbsNothing: requests are answered, the log has one line, and the
// stop succeeds.
func TestACollectorThatIsAwayDisturbsNothing(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", with(testEnv(t), settings.Environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + closedPort}))
	useTasks(t, i.log.url("bff"))
	i.stop()
	if code := waittest.Receive(t, "exit", i.code); code != exitOK {
		t.Errorf("got code %d, want %d", code, exitOK)
	}
	if got := strings.Count(i.log.String(), "traces cannot be sent"); got != 1 {
		t.Errorf("got %d lines about it, want 1:\n%s", got, i.log)
	}
}

// TestADisabledSDKSendsNothing, and the log is as without a collector.
func TestADisabledSDKSendsNothing(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	i := start(t, "serve", with(testEnv(t), settings.Environment{"OTEL_EXPORTER_OTLP_ENDPOINT": c.url, "OTEL_SDK_DISABLED": "true"}))
	useTasks(t, i.log.url("bff"))
	i.stop()
	waittest.Receive(t, "exit", i.code)
	if len(c.spans) > 0 || strings.Contains(i.log.String(), "trace_id") {
		t.Errorf("got %d spans, want none, and no trace_id in\n%s", len(c.spans), i.log)
	}
}
