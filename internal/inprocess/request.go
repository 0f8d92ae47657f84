package inprocess

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// incoming returns the request that a server would make of req, with the
// context that the handler gets and still without a body.
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
	// The fields of a request say these. A header that says otherwise must not
	// reach the handler.
	for _, name := range []string{"Host", "Content-Length", "Transfer-Encoding", "Trailer"} {
		delete(header, name)
	}
	in := http.Request{ // not on the heap: WithContext makes another
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

// length is what the handler may know of the body's size: -1 for nothing.
func length(req *http.Request) int64 {
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		return 0
	case req.ContentLength > 0:
		return req.ContentLength
	}
	return -1 // 0 too means unknown where there is a body
}

// copyHeader refuses names that are not in canonical form: whoever looks for a
// header by its canonical name would not see them.
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
