package inprocess_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func method(m string) func(*http.Request) {
	return func(r *http.Request) { r.Method = m }
}

// answer makes a handler that records nothing.
func answer(f func(http.ResponseWriter)) func(http.ResponseWriter, *http.Request, *notes) {
	return func(w http.ResponseWriter, _ *http.Request, _ *notes) { f(w) }
}

func TestAnswersMatchAServer(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 1024)
	compare(t, []trial{
		{name: "an empty one", handler: answer(func(http.ResponseWriter) {})},
		{name: "an empty one to HEAD", handler: answer(func(http.ResponseWriter) {}), request: method("HEAD")},
		{name: "a status alone", handler: answer(func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot) })},
		{name: "JSON", handler: answer(func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"id":1}`)
		})},
		{name: "a type that is to be absent", handler: answer(func(w http.ResponseWriter) {
			w.Header()["Content-Type"] = nil
			io.WriteString(w, "<html>")
		})},
		{name: "as much as has a known length", handler: answer(func(w http.ResponseWriter) { io.WriteString(w, long[:2048]) })},
		{name: "one byte more than has a known length", handler: answer(func(w http.ResponseWriter) { io.WriteString(w, long[:2049]) })},
		{name: "a long one", handler: answer(func(w http.ResponseWriter) { io.WriteString(w, long) })},
		{name: "a long one in small pieces", handler: answer(func(w http.ResponseWriter) {
			for i := 0; i < len(long); i += 16 {
				io.WriteString(w, long[i:i+16])
			}
		})},
		{name: "a copied one", handler: answer(func(w http.ResponseWriter) { io.Copy(w, strings.NewReader(long)) })},
		{name: "a file's range", handler: func(w http.ResponseWriter, r *http.Request, _ *notes) {
			http.ServeContent(w, r, "a.txt", time.Unix(1e9, 0), strings.NewReader(long))
		}, request: func(r *http.Request) { r.Header.Set("Range", "bytes=5000-12000") }},
		{name: "a file not modified", handler: func(w http.ResponseWriter, r *http.Request, _ *notes) {
			w.Header().Set("ETag", `"x"`)
			http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader(long))
		}, request: func(r *http.Request) { r.Header.Set("If-None-Match", `"x"`) }},
		{name: "an error", handler: answer(func(w http.ResponseWriter) { http.Error(w, "no", http.StatusBadGateway) })},
		{name: "a redirect", handler: func(w http.ResponseWriter, r *http.Request, _ *notes) {
			http.Redirect(w, r, "/elsewhere?x=1", http.StatusSeeOther)
		}},
		{name: "statuses without a name", handler: answer(func(w http.ResponseWriter) { w.WriteHeader(799) })},
		{name: "a second status", handler: answer(func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusAccepted)
			w.WriteHeader(http.StatusBadRequest)
		})},
		{name: "an impossible status", handler: answer(func(w http.ResponseWriter) { w.WriteHeader(42) })},
		{name: "headers set too late", handler: answer(func(w http.ResponseWriter) {
			w.Header().Set("X-Early", "1")
			w.WriteHeader(http.StatusOK)
			w.Header().Set("X-Early", "2")
			w.Header().Set("X-Late", "1")
			io.WriteString(w, "x")
			w.Header().Set("X-Later", "1")
		})},
		{name: "odd headers", handler: answer(func(w http.ResponseWriter) {
			h := w.Header()
			h["X-Empty"] = []string{""}
			h["X-None"] = []string{}
			h["X-Value"] = []string{"ünïcode \xff"}
			h["Set-Cookie"] = []string{"a=1", "b=2"}
		})},
		{name: "a wish to close", handler: answer(func(w http.ResponseWriter) {
			w.Header().Set("Connection", "close")
			io.WriteString(w, "x")
		})},
		{name: "204 with a body", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
			w.Header().Set("Content-Length", "5")
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusNoContent)
			_, err := io.WriteString(w, "hello")
			n.add("write: %s", kind(err))
		}},
		{name: "304 with a body", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
			w.Header().Set("ETag", `"x"`)
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusNotModified)
			_, err := w.Write([]byte("hello"))
			n.add("write: %s", kind(err))
		}},
		{name: "204 to HEAD", handler: answer(func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }), request: method("HEAD")},
		{name: "a short body to HEAD", handler: answer(func(w http.ResponseWriter) { io.WriteString(w, "<html>") }), request: method("HEAD")},
		{name: "a long body to HEAD", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
			for range 3 {
				m, err := io.WriteString(w, long)
				n.add("%d %s", m, kind(err))
			}
		}, request: method("HEAD")},
		{name: "a declared length to HEAD", handler: answer(func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "123456")
		}), request: method("HEAD")},
		{name: "the declared length", handler: answer(func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "16384")
			io.WriteString(w, long)
		})},
		{name: "more than the declared length", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
			w.Header().Set("Content-Length", "5")
			for _, s := range []string{"hello", " world", "x"} {
				m, err := io.WriteString(w, s)
				n.add("%d %s", m, kind(err))
			}
		}},
		{name: "less than the declared length", handler: answer(func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "hello")
		})},
		{name: "nothing of the declared length", handler: answer(func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "10")
		}), direct: true},
		{name: "a declared length of nothing", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
			w.Header().Set("Content-Length", "0")
			w.WriteHeader(http.StatusOK)
			n.add("flush: %s", kind(http.NewResponseController(w).Flush()))
			_, err := io.WriteString(w, "x")
			n.add("write: %s", kind(err))
		}},
		{name: "the header flushed first", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
			n.add("flush: %s", kind(http.NewResponseController(w).Flush()))
			io.WriteString(w, "<html>")
		}},
		{name: "a flush between writes", handler: answer(func(w http.ResponseWriter) {
			io.WriteString(w, "<html>")
			w.(http.Flusher).Flush()
			io.WriteString(w, "<p>")
			w.(http.Flusher).Flush()
		})},
		{name: "a switch of protocols without a connection", handler: answer(func(w http.ResponseWriter) {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "websocket")
			w.WriteHeader(http.StatusUpgradeRequired)
		}), request: func(r *http.Request) {
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", "websocket")
		}},
		{name: "full duplex", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
			n.add("%s", kind(http.NewResponseController(w).EnableFullDuplex()))
		}},
		{name: "a panic before anything", handler: answer(func(http.ResponseWriter) { panic("deliberate") })},
		{name: "a panic with an answer that has not left yet", handler: answer(func(w http.ResponseWriter) {
			io.WriteString(w, "never seen")
			panic("deliberate")
		})},
		{name: "a panic after a flush", handler: answer(func(w http.ResponseWriter) {
			io.WriteString(w, "seen")
			w.(http.Flusher).Flush()
			io.WriteString(w, "never seen")
			panic("deliberate")
		})},
		{name: "an abort after a flush within a declared length", handler: answer(func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "seen")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})},
		{name: "the end of the goroutine", handler: answer(func(http.ResponseWriter) { runtime.Goexit() })},
	})
}

// TestUnsupportedAnswersAreRefused: the client gets an error and no part of the answer.
func TestUnsupportedAnswersAreRefused(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"a name that hides from a look at the canonical one": func(w http.ResponseWriter, _ *http.Request) { w.Header()["set-cookie"] = []string{"a=1"} },
		"two declared lengths":                               func(w http.ResponseWriter, _ *http.Request) { w.Header()["Content-Length"] = []string{"1", "2"} },
		"a declared length that is not a number":             func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "many") },
		"a negative length":                                  func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "-1") },
		"a trailer":                                          func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Trailer", "X-Sum") },
		"an encoding of its own":                             func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Transfer-Encoding", "chunked") },
		"early hints":                                        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusEarlyHints) },
		"a switch of protocols":                              func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusSwitchingProtocols) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				req, _ := request(t, nil)
				var written, flushed error
				res, err := transport(func(w http.ResponseWriter, r *http.Request) {
					h(w, r)
					_, written = io.WriteString(w, "x")
					flushed = http.NewResponseController(w).Flush()
				}).RoundTrip(req)
				if err == nil {
					body, err := io.ReadAll(res.Body)
					t.Errorf("got %s %q, %v; want an error", res.Status, body, err)
				}
				synctest.Wait()
				if (written == nil) != (flushed == nil) {
					t.Errorf("the handler got %v and %v", written, flushed)
				}
			})
		})
	}
}
