package inprocess

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// incoming returns the request that a server would make of req, with the handler's context
// and without a body.
func incoming(ctx context.Context, req *http.Request) (*http.Request, error) {
	uri := req.URL.RequestURI()
	target, err := url.ParseRequestURI(uri) // refuses control characters
	if err != nil {
		return nil, fmt.Errorf("inprocess: %w", err)
	}
	if strings.Contains(uri, " ") {
		return nil, fmt.Errorf("inprocess: a space in the request URI %q", uri)
	}
	header, err := copyHeader(req.Header)
	if err != nil {
		return nil, err
	}
	// The fields of a request hold these. A different value in the header must not reach
	// the handler.
	for _, name := range []string{"Host", "Content-Length", "Transfer-Encoding", "Trailer"} {
		delete(header, name)
	}
	in := http.Request{ // not on the heap: WithContext copies it
		Method:        cmp.Or(req.Method, http.MethodGet),
		URL:           target,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          http.NoBody,
		ContentLength: length(req),
		Host:          cmp.Or(req.Host, req.URL.Host),
		RemoteAddr:    RemoteAddr,
		RequestURI:    uri,
	}
	return in.WithContext(ctx), nil
}

// length returns the body's size for the handler, or -1 for unknown.
func length(req *http.Request) int64 {
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		return 0
	case req.ContentLength > 0:
		return req.ContentLength
	}
	return -1 // with a body, 0 also means unknown
}

// copyHeader refuses names that are not in canonical form: code that looks for the
// canonical name would miss them.
func copyHeader(h http.Header) (http.Header, error) {
	for name := range h {
		if http.CanonicalHeaderKey(name) != name {
			return nil, fmt.Errorf("inprocess: the header name %q is not in canonical form", name)
		}
	}
	if len(h) == 0 {
		return make(http.Header), nil
	}
	return h.Clone(), nil
}
