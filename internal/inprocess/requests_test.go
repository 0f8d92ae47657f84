package inprocess_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// show records and answers everything that a handler sees of its request.
func show(w http.ResponseWriter, r *http.Request, n *notes) {
	header := r.Header.Clone()
	for _, name := range []string{"User-Agent", "Content-Length", "Connection"} {
		header.Del(name) // a transport and a server add or change them
	}
	maps.DeleteFunc(header, func(_ string, values []string) bool { return len(values) == 0 })
	body, err := io.ReadAll(r.Body)
	_, _, addrErr := net.SplitHostPort(r.RemoteAddr)
	all, err := json.MarshalIndent(map[string]any{
		"method": r.Method, "uri": r.RequestURI, "host": r.Host, "proto": fmt.Sprint(r.Proto, r.ProtoMajor, r.ProtoMinor),
		"url": fmt.Sprintf("%#v", *r.URL), "header": header, "length": r.ContentLength, "body": string(body), "error": kind(err),
		"address": kind(addrErr), "tls": r.TLS, "get body": r.GetBody != nil, "form": r.Form, "response": r.Response,
		"pattern": r.Pattern,
	}, "", " ")
	if err != nil {
		panic(err)
	}
	n.add("%s", all)
	w.Header().Set("Content-Type", "application/json")
	w.Write(all)
}

// stream hides the length of a body from http.NewRequest.
func stream(s string) io.ReadCloser { return io.NopCloser(iotest.OneByteReader(strings.NewReader(s))) }

func TestRequestsMatchAServer(t *testing.T) {
	target := func(rawPath, path, query string) func(*http.Request) {
		return func(r *http.Request) { r.URL.RawPath, r.URL.Path, r.URL.RawQuery = rawPath, path, query }
	}
	post := func(change func(*http.Request)) func(*http.Request) {
		return func(r *http.Request) {
			r.Method = http.MethodPost
			change(r)
		}
	}
	var trials []trial
	for name, change := range map[string]func(*http.Request){
		"a plain one":                func(*http.Request) {},
		"the method left out":        func(r *http.Request) { r.Method = "" },
		"a method of one's own":      method("PURGE"),
		"no path":                    func(r *http.Request) { r.URL.Path = "" },
		"a query":                    target("", "/tasks", "a=1&b=%20&c"),
		"an empty query":             func(r *http.Request) { r.URL.ForceQuery = true },
		"an escaped path":            target("/a%2Fb/%41", "/a/b/A", ""),
		"a path that needs escaping": target("", "/ü x/;,%", ""),
		"a raw path that lies":       target("/x", "/y", ""),
		"two slashes":                target("", "//host/x", ""),
		"dots":                       target("", "/a/../b/./c", ""),
		"a fragment and a user":      func(r *http.Request) { r.URL.Fragment, r.URL.User = "f", nil },
		"a default user agent":       func(r *http.Request) { r.Header.Del("User-Agent") },
		"no user agent":              func(r *http.Request) { r.Header.Set("User-Agent", "") },
		"a nil user agent":           func(r *http.Request) { r.Header["User-Agent"] = nil },
		"two user agents":            func(r *http.Request) { r.Header["User-Agent"] = []string{" a ", "b"} },
		"odd headers": func(r *http.Request) {
			r.Header["X-Empty"] = []string{""}
			r.Header["X-None"] = []string{}
			r.Header["X-Value"] = []string{"ünïcode \xff"}
			r.Header["Cookie"] = []string{"a=1; b=2"}
		},
		"headers that lie about the body": post(func(r *http.Request) {
			r.Header.Set("Content-Length", "99")
			r.Header.Set("Transfer-Encoding", "chunked")
			r.Header.Set("Trailer", "X-Sum")
			r.Header.Set("Host", "evil.example")
			r.Body, r.ContentLength = stream("hello"), 5
		}),
		"POST without a body":        post(func(*http.Request) {}),
		"POST with an empty body":    post(func(r *http.Request) { r.Body = http.NoBody }),
		"POST with a length":         post(func(r *http.Request) { r.Body, r.ContentLength = stream("hello"), 5 }),
		"POST without a length":      post(func(r *http.Request) { r.Body = stream("hello") }),
		"POST of an unknown nothing": post(func(r *http.Request) { r.Body = stream("") }),
		"DELETE with a body":         func(r *http.Request) { r.Method, r.Body = http.MethodDelete, stream("hello") },
		"a long body":                post(func(r *http.Request) { r.Body = stream(strings.Repeat("x", 50_000)) }),
		"an upgrade that is not made": func(r *http.Request) {
			r.Header["Connection"], r.Header["Upgrade"] = []string{"Upgrade"}, []string{"h3"}
		},
	} {
		trials = append(trials, trial{name: name, handler: show, request: change})
	}
	compare(t, trials)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestBodiesMatchAServer(t *testing.T) {
	upload := func(body func() io.Reader, length int64) func(*http.Request) {
		return func(r *http.Request) {
			r.Method, r.Body, r.ContentLength = http.MethodPost, io.NopCloser(body()), length
		}
	}
	hello := func() io.Reader { return stream("hello") }
	broken := func() io.Reader { return io.MultiReader(strings.NewReader("hel"), iotest.ErrReader(errBody)) }
	readAll := func(w http.ResponseWriter, r *http.Request, n *notes) {
		body, err := io.ReadAll(r.Body)
		n.add("%q %s", body, kind(err))
		http.Error(w, "read", http.StatusBadRequest)
	}
	compare(t, []trial{
		{name: "past the end", request: upload(hello, 5), handler: func(_ http.ResponseWriter, r *http.Request, n *notes) {
			io.ReadAll(r.Body)
			m, err := r.Body.Read(make([]byte, 1))
			n.add("%d %s", m, kind(err))
		}},
		{name: "the end comes with the last byte", request: upload(hello, 5), handler: func(_ http.ResponseWriter, r *http.Request, n *notes) {
			m, err := io.ReadAtLeast(r.Body, make([]byte, 100), 5)
			n.add("%d %s", m, kind(err))
		}},
		{name: "after closing", request: upload(hello, 5), handler: func(_ http.ResponseWriter, r *http.Request, n *notes) {
			n.add("%s", kind(r.Body.Close()))
			n.add("%s", kind(r.Body.Close()))
			m, err := r.Body.Read(make([]byte, 1))
			n.add("%d %s", m, kind(err))
		}},
		{name: "not at all", request: upload(hello, -1), handler: answer(func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) })},
		{name: "up to a limit of the handler's", request: upload(hello, -1), handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 3))
			n.add("%q %s", body, kind(err))
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}},
		{name: "a body that fails", request: upload(broken, -1), handler: readAll, direct: true},
		{name: "a body that fails within its length", request: upload(broken, 5), handler: readAll, direct: true},
		{name: "a body that is shorter than it says", request: upload(hello, 6), handler: readAll, direct: true},
	})
}
