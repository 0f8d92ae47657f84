package proxy

import (
	"strings"
	"testing"
)

const (
	clientTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	clientSpan  = "00f067aa0ba902b7"
)

func TestAValidTraceIsContinued(t *testing.T) {
	t.Parallel()
	for client, flags := range map[string]string{
		"00-" + clientTrace + "-" + clientSpan + "-01":         "01",
		"00-" + clientTrace + "-" + clientSpan + "-00":         "00",
		"00-" + clientTrace + "-" + clientSpan + "-ff":         "03",
		"cc-" + clientTrace + "-" + clientSpan + "-01":         "01",
		"01-" + clientTrace + "-" + clientSpan + "-01-what-is": "01",
	} {
		got, continued := traceparent([]string{client})
		if !continued || !validTraceparent(got) || !strings.HasPrefix(got, "00-"+clientTrace+"-") || !strings.HasSuffix(got, "-"+flags) {
			t.Errorf("%s: got %s, %t", client, got, continued)
		}
		if strings.Contains(got, clientSpan) {
			t.Errorf("%s: got the client's span id again: %s", client, got)
		}
	}
}

func TestAnInvalidTraceIsReplaced(t *testing.T) {
	t.Parallel()
	valid := "00-" + clientTrace + "-" + clientSpan + "-01"
	for _, client := range [][]string{
		nil,
		{""},
		{valid, valid},
		{valid[:54]},
		{valid + "0"},
		{valid + "-extra"},
		{"ff" + valid[2:]},
		{"0g" + valid[2:]},
		{strings.ToUpper(valid)},
		{"00-" + strings.Repeat("0", 32) + "-" + clientSpan + "-01"},
		{"00-" + clientTrace + "-" + strings.Repeat("0", 16) + "-01"},
		{strings.ReplaceAll(valid, "-", "_")},
		{"00-" + clientTrace + "-" + clientSpan + "-0x"},
		{"01-" + clientTrace + "-" + clientSpan + "-01x"},
		{valid + ", " + valid},
	} {
		got, continued := traceparent(client)
		if continued || !validTraceparent(got) || strings.Contains(got, clientTrace) || !strings.HasSuffix(got, "-01") {
			t.Errorf("%q: got %s, %t", client, got, continued)
		}
		if again, _ := traceparent(client); again == got {
			t.Errorf("%q: got %s twice", client, got)
		}
	}
}

func TestTracestatePassesOnlyWithItsTrace(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	state := []string{"Tracestate", "a=1", "Tracestate", "b=2"}
	r.get("/api/proxy/x", append(state, "Traceparent", "00-"+clientTrace+"-"+clientSpan+"-01")...)
	got := api.onlyRequest(t).Header
	if !strings.Contains(got.Get("Traceparent"), clientTrace) || len(got["Tracestate"]) != 2 {
		t.Errorf("with a valid parent: got %q and %q", got["Traceparent"], got["Tracestate"])
	}
	r.get("/api/proxy/x", append(state, "Traceparent", "00-"+clientTrace+"-broken")...)
	got = api.onlyRequest(t).Header
	if strings.Contains(got.Get("Traceparent"), clientTrace) || len(got["Tracestate"]) != 0 {
		t.Errorf("with a broken parent: got %q and %q", got["Traceparent"], got["Tracestate"])
	}
}

func FuzzTraceparent(f *testing.F) {
	f.Add("00-" + clientTrace + "-" + clientSpan + "-01")
	f.Add("01-" + clientTrace + "-" + clientSpan + "-01-x")
	f.Fuzz(func(t *testing.T, client string) {
		got, continued := traceparent([]string{client})
		if len(got) != traceparentLen || !validTraceparent(got) {
			t.Errorf("%q: got %q", client, got)
		}
		if continued && got[3:35] != client[3:35] {
			t.Errorf("%q: got another trace, %q", client, got)
		}
	})
}
