package web

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vestibule/internal/testlog"
	"vestibule/internal/waittest"
)

// patience is how long a test waits for an event that should happen soon. It is generous,
// because tests run on busy machines.
const patience = 20 * time.Second

// startServer serves h as the surfaces are served, framing guard included.
// change may alter the server before it starts.
func startServer(t testing.TB, h http.Handler, change ...func(*http.Server)) *httptest.Server {
	t.Helper()
	ts := httptest.NewUnstartedServer(h)
	ts.Config.ReadHeaderTimeout = patience
	ts.Config.ReadTimeout = patience
	ts.Config.WriteTimeout = patience
	ts.Config.IdleTimeout = patience
	ts.Config.MaxHeaderBytes = 32 << 10
	ts.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	for _, f := range change {
		f(ts.Config)
	}
	ts.Listener = GuardFraming(ts.Config, ts.Listener)
	ts.Start()
	t.Cleanup(ts.Close)
	return ts
}

// wire is a client that sends exactly the given bytes.
type wire struct {
	t testing.TB
	*net.TCPConn
	in *bufio.Reader
}

func dial(t testing.TB, ts *httptest.Server) *wire {
	t.Helper()
	c, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &wire{t, c.(*net.TCPConn), bufio.NewReader(c)}
}

func (c *wire) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// answer reads one whole response to a request other than HEAD.
func (c *wire) answer() (*http.Response, string) {
	c.t.Helper()
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatalf("read the answer: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("read the body of the %d: %v", res.StatusCode, err)
	}
	return res, string(body)
}

func (c *wire) wantStatus(want int) *http.Response {
	c.t.Helper()
	res, body := c.answer()
	if res.StatusCode != want {
		c.t.Fatalf("got status %d, want %d; body %q", res.StatusCode, want, body)
	}
	return res
}

// wantClosed fails when the server sends anything more or keeps the connection.
func (c *wire) wantClosed() {
	c.t.Helper()
	rest, err := io.ReadAll(c.in)
	if len(rest) > 0 {
		c.t.Fatalf("got %q after the last answer, want the connection closed", rest)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		c.t.Fatal("the connection stays open, want it closed")
	}
}

// logBuffer collects a JSON log.
type logBuffer struct{ testlog.Buffer }

func (b *logBuffer) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(b, nil)) }

// records waits for n records (the last is written after its answer) and returns all
// records.
func (b *logBuffer) records(t testing.TB, n int) []map[string]any {
	t.Helper()
	waittest.Until(t, "the log record", func() bool { return strings.Count(b.String(), "\n") >= n })
	var records []map[string]any
	for line := range strings.Lines(b.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		records = append(records, record)
	}
	return records
}

// writeTestError is the ErrorWriter of these tests.
func writeTestError(w http.ResponseWriter, _ *http.Request, e *Error) {
	_ = WriteJSON(w, e.Status, map[string]any{"code": e.Code, "message": e.Message})
}

// testHandler wraps h as a surface is wrapped.
func testHandler(log *slog.Logger, d Deadlines, h HandlerFunc) http.Handler {
	wrapped := d.Wrap(Handle(h, writeTestError))
	wrapped = SecurityHeaders{CSP: APIPolicy}.Wrap(wrapped)
	return RequestLog{Log: log, Surface: "test", Errors: writeTestError}.Wrap(wrapped)
}
