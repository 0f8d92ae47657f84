package web

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// objectOf returns a JSON object of exactly size bytes.
func objectOf(size int) string {
	return `{"a":"` + strings.Repeat("x", size-len(`{"a":""}`)) + `"}`
}

const testBody = 1 << 20

var testBodies = NewBodies(BodyLimits{One: testBody, Sender: 1 << 30, All: 1 << 30})

func jsonPost(contentType, body string) string {
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", contentType, len(body), body)
}

func chunkedJSON(chunks string) string {
	return "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
}

func TestABodyIsOneJSONObjectOfBoundedSize(t *testing.T) {
	t.Parallel()
	ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), DefaultDeadlines, func(w http.ResponseWriter, r *http.Request) error {
		_, err := testBodies.ReadObject(w, r, "sender")
		return err
	}))
	oneChunk := func(body string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(body), body) }
	tests := map[string]struct {
		request string
		status  int
		kept    bool
	}{
		"an object":                     {jsonPost("application/json", "{}"), 200, true},
		"with a charset":                {jsonPost("application/json; charset=UTF-8", "{}"), 200, true},
		"with a quoted charset":         {jsonPost(`Application/JSON ; charset="utf-8"`, "{}"), 200, true},
		"exactly the limit":             {jsonPost("application/json", objectOf(testBody)), 200, true},
		"one byte over the limit":       {jsonPost("application/json", objectOf(testBody+1)), 413, false},
		"exactly the limit, chunked":    {chunkedJSON(oneChunk(objectOf(testBody)) + "0\r\n\r\n"), 200, false},
		"one byte over, chunked":        {chunkedJSON(oneChunk(objectOf(testBody+1)) + "0\r\n\r\n"), 413, false},
		"no body":                       {"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n", 400, true},
		"not JSON":                      {jsonPost("application/json", "hello"), 400, true},
		"no type":                       {post("{}"), 415, true},
		"a form":                        {jsonPost("application/x-www-form-urlencoded", "{}"), 415, true},
		"plain text":                    {jsonPost("text/plain", "{}"), 415, true},
		"another JSON":                  {jsonPost("application/merge-patch+json", "{}"), 415, true},
		"another charset":               {jsonPost("application/json; charset=utf-16", "{}"), 415, true},
		"two types in one line":         {jsonPost("application/json, text/plain", "{}"), 415, true},
		"two types":                     {jsonPost("application/json\r\nContent-Type: text/plain", "{}"), 415, true},
		"a parameter without value":     {jsonPost("application/json; charset", "{}"), 415, true},
		"two charsets":                  {jsonPost("application/json; charset=utf-8; charset=utf-16", "{}"), 415, true},
		"parameters without end":        {jsonPost("application/json"+strings.Repeat(";a=b", 100), "{}"), 415, true},
		"compressed":                    {jsonPost("application/json\r\nContent-Encoding: gzip", "{}"), 415, true},
		"compressed twice":              {jsonPost("application/json\r\nContent-Encoding: identity\r\nContent-Encoding: br", "{}"), 415, true},
		"as it is":                      {jsonPost("application/json\r\nContent-Encoding: identity", "{}"), 200, true},
		"a broken chunk":                {chunkedJSON("2\r\n{}\r\nnonsense\r\n\r\n"), 400, false},
		"a broken chunk at the start":   {chunkedJSON("nonsense\r\n\r\n"), 400, false},
		"a broken chunk, type refused":  {strings.Replace(chunkedJSON("nonsense\r\n\r\n"), "json", "xml", 1), 415, false},
		"an early end of the last line": {chunkedJSON("2\r\n{}\r\n0\r\nnonsense\r\n\r\n"), 400, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, ts)
			go func() { _, _ = io.WriteString(c.TCPConn, tt.request) }() // the server may hang up before it ends
			res := c.wantStatus(tt.status)
			if res.Close == tt.kept {
				t.Errorf("got Connection: close %t, want %t", res.Close, !tt.kept)
			}
			if !tt.kept {
				c.wantClosed()
				return
			}
			c.send(jsonPost("application/json", "{}"))
			c.wantStatus(http.StatusOK)
		})
	}
}

func TestATooLongBodyGetsNo100Continue(t *testing.T) {
	t.Parallel()
	ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), DefaultDeadlines, func(w http.ResponseWriter, r *http.Request) error {
		_, err := testBodies.ReadObject(w, r, "sender")
		return err
	}))
	c := dial(t, ts)
	c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 10000000\r\n\r\n")
	c.wantStatus(http.StatusRequestEntityTooLarge)
	c.wantClosed()
}

func TestAnAnswerThatCannotBeEncodedIsAnErrorAndNotHalfAnAnswer(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	err := WriteJSON(w, http.StatusCreated, map[string]any{"a": "b", "c": math.Inf(1)})
	if err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("got %v, %q, %v, want an error and nothing written", err, w.Body, w.Header())
	}
	Handle(func(w http.ResponseWriter, _ *http.Request) error {
		return WriteJSON(w, http.StatusCreated, make(chan int))
	}, writeTestError).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("got status %d, want 500", w.Code)
	}
}

func TestJSONIsWrittenWithItsTypeAndWithoutHTMLEscapes(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := WriteJSONAs(w, http.StatusTeapot, "application/problem+json", map[string]string{"a": "<&>"}); err != nil {
		t.Fatal(err)
	}
	if got := w.Body.String(); w.Code != 418 || got != `{"a":"<&>"}` || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %q as %q", w.Code, got, w.Header().Get("Content-Type"))
	}
}

func TestBodyTooLargeNamesTheLimitAndCloses(t *testing.T) {
	t.Parallel()
	e := BodyTooLarge(10 << 20)
	if e.Status != 413 || e.Code != "BODY_TOO_LARGE" || !strings.Contains(e.Message, "10485760") || e.Header.Get("Connection") != "close" {
		t.Errorf("got %+v", e)
	}
	cause := errors.New("cause")
	if e := BrokenBody(cause); !errors.Is(e, cause) || e.Header.Get("Connection") != "close" {
		t.Errorf("got %+v, want the cause and the connection closed", e)
	}
}
