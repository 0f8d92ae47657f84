package web

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// A handler does one of these; the table says what the client and the log see.
func TestEveryRequestLeavesOneRecord(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler HandlerFunc
		answer  int // 0: aborted before the answer is complete
		status  float64
		level   string
		err     string // in the record
		aborted bool
	}{
		"answer": {
			handler: func(w http.ResponseWriter, _ *http.Request) error {
				return WriteJSON(w, http.StatusCreated, "made")
			},
			answer: 201, status: 201, level: "INFO",
		},
		"nothing said": {
			handler: func(http.ResponseWriter, *http.Request) error { return nil },
			answer:  200, status: 200, level: "INFO",
		},
		"early hints before the answer": {
			handler: func(w http.ResponseWriter, _ *http.Request) error {
				w.WriteHeader(http.StatusEarlyHints)
				w.WriteHeader(http.StatusNoContent)
				return nil
			},
			answer: 204, status: 204, level: "INFO",
		},
		"refusal": {
			handler: func(http.ResponseWriter, *http.Request) error {
				return Refuse(http.StatusTeapot, "TEAPOT", "short and stout").Because(errors.New("the cause"))
			},
			answer: 418, status: 418, level: "INFO", err: "short and stout: the cause",
		},
		"refused authorisation": {
			handler: func(http.ResponseWriter, *http.Request) error {
				return Refuse(http.StatusForbidden, "FORBIDDEN", "not yours")
			},
			answer: 403, status: 403, level: "WARN", err: "not yours",
		},
		"refusal in a whole sentence": {
			handler: func(http.ResponseWriter, *http.Request) error {
				return Refuse(http.StatusTeapot, "TEAPOT", "Short and stout.").Because(errors.New("the cause"))
			},
			answer: 418, status: 418, level: "INFO", err: "Short and stout: the cause",
		},
		"unknown error": {
			handler: func(http.ResponseWriter, *http.Request) error { return errors.New("the cause") },
			answer:  500, status: 500, level: "ERROR", err: "the cause",
		},
		"error after half an answer": {
			handler: func(w http.ResponseWriter, _ *http.Request) error {
				_, _ = io.WriteString(w, "half")
				return errors.New("the cause")
			},
			status: 200, level: "INFO", err: "the cause", aborted: true,
		},
		"error after a flush": {
			handler: func(w http.ResponseWriter, _ *http.Request) error {
				_ = http.NewResponseController(w).Flush()
				return errors.New("the cause")
			},
			status: 200, level: "INFO", err: "the cause", aborted: true,
		},
		"panic": {
			handler: func(http.ResponseWriter, *http.Request) error { panic("the cause") },
			answer:  500, status: 500, level: "ERROR", err: "panic: the cause",
		},
		"panic after headers for another answer": {
			handler: func(w http.ResponseWriter, _ *http.Request) error {
				w.Header().Set("Content-Length", "3")
				w.Header().Set("Content-Encoding", "gzip")
				panic("the cause")
			},
			answer: 500, status: 500, level: "ERROR", err: "panic: the cause",
		},
		"panic after half an answer": {
			handler: func(w http.ResponseWriter, _ *http.Request) error {
				_, _ = io.WriteString(w, strings.Repeat("half", 10<<10))
				panic("the cause")
			},
			status: 200, level: "ERROR", err: "panic: the cause", aborted: true,
		},
		"broken off by the handler": {
			handler: func(w http.ResponseWriter, _ *http.Request) error {
				w.WriteHeader(http.StatusAccepted)
				panic(http.ErrAbortHandler)
			},
			status: 202, level: "INFO", aborted: true,
		},
		"broken off before anything": {
			handler: func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) },
			status:  0, level: "INFO", aborted: true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log logBuffer
			var serverLog logBuffer // net/http's own log, which a panic must not reach
			ts := startServer(t, testHandler(log.logger(), DefaultDeadlines, tt.handler), func(srv *http.Server) {
				srv.ErrorLog = slog.NewLogLogger(serverLog.logger().Handler(), slog.LevelError)
			})
			res, err := ts.Client().Get(ts.URL)
			got, body := 0, ""
			if err == nil {
				var b []byte
				b, err = io.ReadAll(res.Body)
				_ = res.Body.Close()
				body = string(b)
			}
			if err == nil {
				got = res.StatusCode
				if res.Header.Get(RequestIDHeader) == "" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("got headers %v, want a request id and nosniff", res.Header)
				}
			}
			if got != tt.answer {
				t.Errorf("got answer %d (%v), want %d", got, err, tt.answer)
			}
			if strings.Contains(body, "the cause") || strings.Contains(body, "goroutine") {
				t.Errorf("the client reads the cause: %q", body)
			}
			records := log.records(t, 1)
			if len(records) != 1 {
				t.Fatalf("got %d records, want 1", len(records))
			}
			rec := records[0]
			if rec["status"] != tt.status || rec["level"] != tt.level {
				t.Errorf("got status %v at %v, want %v at %v", rec["status"], rec["level"], tt.status, tt.level)
			}
			if err, _ := rec["error"].(string); err != tt.err {
				t.Errorf("got error %q in the record, want %q", err, tt.err)
			}
			if aborted, _ := rec["aborted"].(bool); aborted != tt.aborted {
				t.Errorf("got aborted %t in the record, want %t", aborted, tt.aborted)
			}
			ts.Close()
			if got := serverLog.String(); got != "" {
				t.Errorf("got %q in the server's log, want nothing", got)
			}
			if _, stack := rec["stack"]; stack != strings.HasPrefix(tt.err, "panic") {
				t.Errorf("got a stack in the record: %t", stack)
			}
		})
	}
}

func TestAClientThatLeavesIsA499AndGetsNoEmpty200(t *testing.T) {
	t.Parallel()
	var log logBuffer
	ts := startServer(t, testHandler(log.logger(), DefaultDeadlines, func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return r.Context().Err()
	}))
	c := dial(t, ts)
	c.send(get)
	// It only stops sending. It could still read an answer.
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.wantClosed()
	rec := log.records(t, 1)[0]
	if rec["status"] != 499.0 || rec["level"] != "INFO" || rec["error"] != nil {
		t.Errorf("got record %v, want status 499 at INFO without an error", rec)
	}
}

func TestWhatHandlersNoteIsInTheRecord(t *testing.T) {
	t.Parallel()
	clients, err := NewClientIPs([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	if err != nil {
		t.Fatal(err)
	}
	var log logBuffer
	h := RequestLog{Log: log.logger(), Surface: "bff", Clients: clients}.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		NoteUser(r, "usr_1")
		Note(r, slog.String("setting", "JWT_ISSUER"))
		_, _ = w.Write([]byte("12345"))
	}))
	r := httptest.NewRequest(http.MethodPut, "/a/b?c=d", nil) // from 192.0.2.1
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	h.ServeHTTP(httptest.NewRecorder(), r)
	rec := log.records(t, 1)[0]
	for name, want := range map[string]any{
		"msg": "request", "surface": "bff", "method": "PUT", "path": "/a/b", "status": 200.0, "bytes": 5.0,
		"ip": "203.0.113.9", "user": "usr_1", "setting": "JWT_ISSUER",
	} {
		if rec[name] != want {
			t.Errorf("got %s = %v, want %v", name, rec[name], want)
		}
	}
}

func TestOutsideRequestLogNothingIsNoted(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	NoteUser(r, "usr_1")
	Note(r, slog.Int("n", 1))
	if got := RequestID(r); got != "" {
		t.Errorf("got request id %q, want none", got)
	}
	w := httptest.NewRecorder()
	Fail(w, r, errors.New("the cause"), writeTestError)
	if w.Code != http.StatusInternalServerError {
		t.Errorf("got status %d, want 500", w.Code)
	}
}

func TestALogThatIsOffCostsNoRecord(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelError}))
	RequestLog{Log: log}.Wrap(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if out.Len() > 0 {
		t.Errorf("got %q, want nothing below the level", out.String())
	}
}
