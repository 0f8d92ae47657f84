package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// RequestIDHeader carries the id of the request's log record.
const RequestIDHeader = "X-Request-Id"

// record collects what the log says about one request. Inner handlers fill it in. They find
// it in the request's context, which it is itself: that is cheaper than a value in another
// context.
type record struct {
	context.Context

	log      *slog.Logger
	id       [1]string // an array, so that the answer's header needs no slice of its own
	sender   sender
	user     string
	route    string // of the proxy
	endpoint string
	err      error
	attrs    []slog.Attr
	answer   recorder
	atEnd    []func()
}

type recordKey struct{}

// Value implements context.Context.
func (rec *record) Value(key any) any {
	if key == (recordKey{}) {
		return rec
	}
	return rec.Context.Value(key)
}

func recordOf(r *http.Request) *record {
	rec, _ := r.Context().Value(recordKey{}).(*record)
	return rec
}

// RequestID returns the id of r's log record.
func RequestID(r *http.Request) string {
	if rec := recordOf(r); rec != nil {
		return rec.id[0]
	}
	return ""
}

// NoteUser adds the authenticated user or client to r's log record.
func NoteUser(r *http.Request, id string) {
	if rec := recordOf(r); rec != nil {
		rec.user = id
	}
}

// NoteRoute adds the route that takes r to its log record. path is the route's own, as it is
// configured.
func NoteRoute(r *http.Request, path string) {
	if rec := recordOf(r); rec != nil {
		rec.route = path
	}
}

// NoteEndpoint says which endpoint takes r, for the metrics. path is the endpoint's own, with
// names of parameters.
func NoteEndpoint(r *http.Request, path string) {
	if rec := recordOf(r); rec != nil {
		rec.endpoint = path
	}
}

// NoteRefusal adds the rule that refuses r to its log record. The client does not learn it.
func NoteRefusal(r *http.Request, rule string) {
	Note(r, slog.String("refused_by", rule))
}

// Note adds attributes for the operator to r's log record.
func Note(r *http.Request, attrs ...slog.Attr) {
	if rec := recordOf(r); rec != nil {
		rec.attrs = append(rec.attrs, attrs...)
	}
}

// Debugging reports whether the log has the level debug, and r's log record therefore more to
// say.
func Debugging(r *http.Request) bool {
	rec := recordOf(r)
	return rec != nil && rec.log.Enabled(rec, slog.LevelDebug)
}

// atEnd calls f when the answer of r begins or r ends. Without a log record it calls f at
// once.
func atEnd(r *http.Request, f func()) {
	if rec := recordOf(r); rec != nil {
		rec.atEnd = append(rec.atEnd, f)
	} else {
		f()
	}
}

// Release gives back r's shared memory early. Nothing may refer to the body of r
// afterwards.
func Release(r *http.Request) {
	if rec := recordOf(r); rec != nil {
		rec.release()
	}
}

func (rec *record) release() {
	for _, f := range rec.atEnd {
		f()
	}
	rec.atEnd = nil
}

// RequestLog wraps a whole surface, outside its router. It gives each request an id, writes
// one log record for it, and turns a panic into a 500. (Router middleware would miss 404s
// and 405s.)
type RequestLog struct {
	Log     *slog.Logger
	Surface string      // bff, api or admin, in each record
	Errors  ErrorWriter // answers a panic
	// TrustID reports whether to accept this request's own X-Request-Id. The sender must be
	// a configured proxy, or the BFF.
	TrustID func(*http.Request) bool
	Clients *ClientIPs // resolves the address that is logged
	Metrics *RequestMetrics
	Tracer  trace.Tracer // starts the span of a request; nil: there are none
}

// Wrap returns next with request id, log record and panic handler.
func (l RequestLog) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &record{Context: r.Context(), log: l.Log, sender: l.Clients.find(r), answer: recorder{ResponseWriter: w}}
		rec.answer.of = rec
		if l.Tracer != nil {
			l.startSpan(rec, r)
		}
		r = r.WithContext(rec)
		rec.id[0] = l.requestID(r)
		w.Header()[RequestIDHeader] = rec.id[:]
		defer func() {
			p := recover()
			level := slog.LevelInfo
			if p != nil && p != http.ErrAbortHandler { //lint:ignore errorlint net/http compares it like this
				level = slog.LevelError
				rec.err = fmt.Errorf("panic: %v", p)
				rec.attrs = append(rec.attrs, slog.String("stack", string(debug.Stack())))
				p = http.ErrAbortHandler // cut off a started answer: it must not look complete
				if rec.answer.status == 0 {
					answer(&rec.answer, r, AsError(rec.err), l.Errors)
					p = nil
				}
			}
			l.write(r, rec, level, time.Since(start), p != nil)
			rec.release()
			if p != nil {
				panic(p)
			}
		}()
		next.ServeHTTP(&rec.answer, r)
	})
}

func (l RequestLog) requestID(r *http.Request) string {
	if l.TrustID != nil && l.TrustID(r) {
		if ids := r.Header[RequestIDHeader]; len(ids) == 1 && validRequestID(ids[0]) {
			return ids[0]
		}
	}
	return newRequestID()
}

// The form of our request ids.
const (
	requestIDLetters = "abcdefghijklmnopqrstuvwxyz234567"
	requestIDLength  = 26
)

// OwnRequestID reports whether an id has the form of those that Vestibule makes. Those of
// proxies are usually hexadecimal.
func OwnRequestID(id string) bool {
	return len(id) == requestIDLength && strings.Trim(id, requestIDLetters) == ""
}

// newRequestID returns 130 random bits in letters and digits. (math/rand is enough, and needs
// no system call: ids must be unique, not secret.)
func newRequestID() string {
	const alphabet, perDraw = requestIDLetters, 12
	var id [requestIDLength]byte
	var bits uint64
	for i := range id {
		if i%perDraw == 0 {
			bits = rand.Uint64() // #nosec G404 -- only has to differ from other ids
		}
		id[i] = alphabet[bits&31]
		bits >>= 5
	}
	return string(id[:])
}

// validRequestID allows only characters that are harmless in a log line.
func validRequestID(id string) bool {
	if len(id) == 0 || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

// statusClientGone is nginx's status for a client that left before the answer.
const statusClientGone = 499

// write logs the request without its query, which may hold mail links, search terms and
// other private data.
func (l RequestLog) write(r *http.Request, rec *record, level slog.Level, took time.Duration, aborted bool) {
	status := rec.answer.status
	switch {
	case status == 0 && r.Context().Err() != nil:
		status = statusClientGone
	case status == 0 && !aborted:
		status = http.StatusOK // what net/http sends for a handler that writes nothing
	case status >= 500:
		level = slog.LevelError
	case status == http.StatusForbidden: // refused authorisation (ASVS 5.0 16.3.2); the error is the reason
		level = max(level, slog.LevelWarn)
	}
	l.Metrics.count(requestLabels{l.Surface, cmp.Or(rec.route, rec.endpoint), r.Method, status / 100, rec.route != ""}, rec.answer.bytes, took, streams(status, rec.answer.Header()))
	var traced []slog.Attr
	if l.Tracer != nil {
		traced = l.endSpan(r, rec, status, aborted)
	}
	if !l.Log.Enabled(r.Context(), level) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 12),
		slog.String("surface", l.Surface),
		slog.String("method", r.Method),
		slog.String("path", LogPath(r.URL)),
		slog.Int("status", status),
		slog.Int64("bytes", rec.answer.bytes),
		slog.Float64("took_ms", float64(took.Microseconds())/1000),
		slog.String("ip", l.Clients.Of(r)),
		slog.String("request_id", rec.id[0]),
	)
	attrs = append(attrs, traced...)
	if rec.route != "" {
		attrs = append(attrs, slog.String("route", rec.route))
	}
	if rec.user != "" {
		attrs = append(attrs, slog.String("user", rec.user))
	}
	if rec.err != nil && !errors.Is(rec.err, context.Canceled) {
		attrs = append(attrs, slog.String("error", rec.err.Error()))
	}
	if aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	l.Log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", append(attrs, rec.attrs...)...)
}
