package openapitest

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/mux"

	"vestibule/internal/clienttest"
)

// maxBody is how much of an answer is kept for the check, in bytes.
const maxBody = 1 << 20

// Watch returns next and checks every answer against the document. Differences fail the
// test.
func (c *Contract) Watch(tb testing.TB, next http.Handler) http.Handler {
	tb.Helper()
	var mu sync.Mutex
	var faults []error
	tb.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, err := range faults {
			tb.Errorf("openapi: %v", err)
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		next.ServeHTTP(rec, r)
		if rec.hijacked {
			return
		}
		rec.begin(http.StatusOK)
		if err := c.Check(r, rec.answer); err != nil {
			mu.Lock()
			defer mu.Unlock()
			faults = append(faults, err)
		}
	})
}

// recorder keeps the answer of a handler.
type recorder struct {
	http.ResponseWriter
	answer   Answer
	hijacked bool
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) begin(status int) {
	if r.answer.Status == 0 {
		r.answer.Status, r.answer.Header = status, r.Header().Clone()
	}
}

func (r *recorder) WriteHeader(status int) {
	if status >= 200 {
		r.begin(status)
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.begin(http.StatusOK)
	r.answer.keep(p)
	n, err := r.ResponseWriter.Write(p)
	r.answer.Cut = r.answer.Cut || err != nil // the client has disconnected
	return n, err
}

func (r *recorder) FlushError() error {
	r.begin(http.StatusOK)
	err := http.NewResponseController(r.ResponseWriter).Flush()
	r.answer.Cut = r.answer.Cut || err != nil // the client has disconnected
	return err
}

func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.hijacked = true
	return http.NewResponseController(r.ResponseWriter).Hijack()
}

func (a *Answer) keep(p []byte) {
	if len(a.Body)+len(p) > maxBody {
		a.Cut = true
		return
	}
	a.Body = append(a.Body, p...)
}

// Transport checks the answers that a client reads against the document. If the client does
// not read an answer to its end, its body is not checked.
type Transport struct {
	TB   testing.TB
	Next http.RoundTripper
	// Contract returns the document of a request, or nil if there is none.
	Contract func(*http.Request) *Contract
}

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.Next.RoundTrip(r)
	c := t.Contract(r)
	if err != nil || c == nil || res.StatusCode == http.StatusSwitchingProtocols {
		return res, err
	}
	b := &body{ReadCloser: res.Body, answer: Answer{Status: res.StatusCode, Header: res.Header.Clone(), Cut: true}}
	b.done = sync.OnceFunc(func() {
		if err := c.Check(r, b.answer); err != nil {
			t.TB.Errorf("openapi: %v", err)
		}
	})
	res.Body = b
	return res, nil
}

type body struct {
	io.ReadCloser
	answer Answer
	whole  bytes.Buffer
	done   func()
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.whole.Len() <= maxBody {
		b.whole.Write(p[:n])
	}
	if err == io.EOF && b.whole.Len() <= maxBody {
		b.answer.Body, b.answer.Cut = b.whole.Bytes(), false
	}
	return n, err
}

func (b *body) Close() error {
	b.done()
	return b.ReadCloser.Close()
}

// Main runs the tests of a package and fails when no test received one of the document's
// answers. exceptions lists answers that no test can cause, as "GET /x 500" or as a status
// alone, with the reason. If only some tests run, this is not checked.
func Main(m *testing.M, c *Contract, exceptions map[string]string) int {
	clienttest.KeepConnections()
	code := m.Run()
	if testing.Short() {
		return code
	}
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz", "test.bench"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return code
		}
	}
	for _, one := range c.Unseen() {
		status := one[strings.LastIndexByte(one, ' ')+1:]
		if exceptions[one] == "" && exceptions[status] == "" {
			fmt.Fprintf(os.Stderr, "openapi: no test is answered what the document has: %s\n", one)
			code = 1
		}
	}
	return code
}

// RoutesOf lists the methods and paths of a router, "GET /x".
func RoutesOf(tb testing.TB, router *mux.Router) []string {
	tb.Helper()
	var list []string
	err := router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		if err != nil {
			path = "*" // without a path matcher
		}
		methods, err := route.GetMethods()
		if err != nil {
			methods = []string{"*"} // without a method matcher
		}
		for _, method := range methods {
			list = append(list, method+" "+path)
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
