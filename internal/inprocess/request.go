package inprocess

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// incoming returns the request that a server would make of req, with the
// context that the handler gets and still without a body. What http.Transport
// would refuse to write, or a server to read, is an error.
func incoming(ctx context.Context, req *http.Request) (*http.Request, error) {
	method := cmp.Or(req.Method, http.MethodGet)
	switch {
	case req.URL == nil:
		return nil, errors.New("inprocess: nil Request.URL")
	case req.URL.Host == "":
		return nil, errors.New("inprocess: no host in Request.URL")
	case req.Header == nil:
		return nil, errors.New("inprocess: nil Request.Header")
	case method == http.MethodConnect:
		return nil, errors.New("inprocess: CONNECT has nothing to connect to")
	case !isToken(method):
		return nil, fmt.Errorf("inprocess: invalid method %q", method)
	case req.ContentLength != 0 && req.Body == nil:
		return nil, fmt.Errorf("inprocess: Request.ContentLength=%d with nil Body", req.ContentLength)
	}
	uri := req.URL.RequestURI()
	target, err := url.ParseRequestURI(uri) // refuses control characters
	if err != nil {
		return nil, fmt.Errorf("inprocess: %w", err)
	}
	if strings.Contains(uri, " ") {
		return nil, fmt.Errorf("inprocess: a space in the request URI %q", uri)
	}
	host := cmp.Or(target.Host, req.Host, req.URL.Host)
	if !isHost(host) {
		return nil, fmt.Errorf("inprocess: invalid host %q", host)
	}
	header, err := carry(req.Header, false)
	if err != nil {
		return nil, err
	}
	in := http.Request{ // not on the heap: WithContext makes another
		Method:        method,
		URL:           target,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		ContentLength: length(req),
		Host:          host,
		RemoteAddr:    RemoteAddr,
		RequestURI:    uri,
	}
	describe(&in, req)
	return in.WithContext(ctx), nil
}

// length is what the handler may know of the body's size: -1 for nothing.
func length(req *http.Request) int64 {
	switch {
	case req.Body == nil:
		return 0
	case len(req.TransferEncoding) > 0 && req.TransferEncoding[0] == "chunked":
		return -1
	case req.Body == http.NoBody:
		return 0
	case req.ContentLength > 0:
		return req.ContentLength
	}
	return -1 // 0 too means unknown where there is a body
}

// describe sets the headers that follow from fields of req, and the fields that
// follow from headers. Host, length and encoding go by the fields alone: a
// header that says otherwise must not reach the handler.
func describe(in, req *http.Request) {
	h := in.Header
	for _, name := range []string{"Host", "Content-Length", "Transfer-Encoding", "Trailer"} {
		delete(h, name)
	}
	switch agent := h["User-Agent"]; {
	case len(agent) > 0 && agent[0] == "": // how a client asks to send none
		delete(h, "User-Agent")
	case len(agent) > 0:
		h["User-Agent"] = agent[:1]
	case !has(req.Header, "User-Agent"):
		h["User-Agent"] = []string{"Go-http-client/1.1"}
	}
	if req.Close && !asksClose(h) {
		h.Add("Connection", "close")
	}
	in.Close = asksClose(h)
	switch in.ContentLength {
	case -1:
		in.TransferEncoding = []string{"chunked"}
		in.Trailer = announced(req.Trailer)
	case 0:
		if in.Method == http.MethodPost || in.Method == http.MethodPut || in.Method == http.MethodPatch {
			h["Content-Length"] = []string{"0"}
		}
	default:
		h["Content-Length"] = []string{strconv.FormatInt(in.ContentLength, 10)}
	}
}

// announced returns the names of a trailer, whose values come with the body's end.
func announced(trailer http.Header) http.Header {
	if len(trailer) == 0 {
		return nil
	}
	names := make(http.Header, len(trailer))
	for name := range trailer {
		names[http.CanonicalHeaderKey(name)] = nil
	}
	return names
}
