package proxy

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"vestibule/internal/web"
)

// startSpan starts the span of the call of the API, if the request has one. It is in x.ctx from
// then on, and in x.span: to look it up in the context costs more than all that is done with it.
func (x *exchange) startSpan() {
	parent := trace.SpanFromContext(x.ctx)
	if !parent.SpanContext().IsValid() {
		return
	}
	method := web.SpanMethod(x.in)
	x.ctx, x.span = parent.TracerProvider().Tracer("vestibule").Start(x.ctx, method.Value.AsString()+" "+x.proxy.cfg.Path,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(method, attribute.String("http.route", x.proxy.cfg.Path)))
}

// noteStatus tells the span the status of the API's answer.
func (x *exchange) noteStatus(status int) {
	if x.span != nil {
		x.span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusBadRequest {
			x.span.SetStatus(codes.Error, "")
		}
	}
}

// endSpan ends the span of startSpan. err is the refusal that the client gets instead of an answer.
// A second call does nothing.
func (x *exchange) endSpan(err error) {
	if x.span != nil && x.span.IsRecording() {
		web.EndSpan(x.span, err, !x.canceled && (err != nil || !x.answered))
	}
}

// parent returns the traceparent for the API, and whether it continues the client's trace.
// If this call has a span, that is the parent.
func (x *exchange) parent() (parent string, continued bool) {
	client := x.in.Header["Traceparent"]
	parent, continued = traceparent(client)
	if x.span == nil {
		return parent, continued
	}
	span := x.span.SpanContext()
	id := span.TraceID().String()
	return "00-" + id + "-" + span.SpanID().String() + "-" + span.TraceFlags().String(), continued && parent[traceIDAt:spanIDAt-1] == id
}

// The parts of a W3C traceparent: version-traceid-spanid-flags, all in
// lower-case hex.
const (
	traceparentLen = 55
	traceIDAt      = 3
	spanIDAt       = 36
	flagsAt        = 53
)

// traceparent returns the traceparent for the request to the API. It continues the
// client's trace if values is one valid header, else it starts a new trace. (math/rand
// is enough: ids must be unique, not secret.)
//
// A new trace is marked as sampled. Otherwise an API whose sampler follows its parent,
// which is the usual default, would never record anything.
func traceparent(values []string) (parent string, continued bool) {
	out := make([]byte, 0, traceparentLen)
	out = append(out, "00-"...)
	flags := "01"
	if len(values) == 1 && validTraceparent(values[0]) {
		out = append(out, values[0][traceIDAt:spanIDAt-1]...)
		// Only the flags sampled and random have a known meaning, so only they pass.
		b, _ := hex.DecodeString(values[0][flagsAt:traceparentLen])
		flags = hex.EncodeToString([]byte{b[0] & 3})
		continued = true
	} else {
		out = appendID(appendID(out))
	}
	out = append(out, '-')
	out = appendID(out)
	out = append(out, '-')
	return string(append(out, flags...)), continued
}

// appendID appends 64 random bits. They are never all zero: such an id is invalid.
func appendID(out []byte) []byte {
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], 1+rand.Uint64N(1<<64-1)) // #nosec G404 -- only has to differ from other ids
	return hex.AppendEncode(out, id[:])
}

// validTraceparent accepts later versions too: they may only append fields (W3C Trace
// Context §4.3).
func validTraceparent(s string) bool {
	if len(s) < traceparentLen || s[:2] == "ff" ||
		len(s) > traceparentLen && (s[:2] == "00" || s[traceparentLen] != '-') {
		return false
	}
	for i, c := range []byte(s[:traceparentLen]) {
		if i == traceIDAt-1 || i == spanIDAt-1 || i == flagsAt-1 {
			if c != '-' {
				return false
			}
		} else if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return !zero(s[traceIDAt:spanIDAt-1]) && !zero(s[spanIDAt:flagsAt-1])
}

func zero(id string) bool {
	for _, c := range []byte(id) {
		if c != '0' {
			return false
		}
	}
	return true
}
