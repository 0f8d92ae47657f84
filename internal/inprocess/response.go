package inprocess

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// preamble is what WriteHeader fixes of an answer besides its status.
type preamble struct {
	header   http.Header // as the client will see it
	err      error       // no client could read it
	length   int64       // Content-Length, -1 while there is none
	encoding string      // the handler's Transfer-Encoding
	untyped  bool        // no Content-Type was set, not even to send none
	unsized  bool        // the same for Content-Length
	trailing bool        // a trailer was announced
	chunked  bool        // and a trailer is possible
	names    []string    // of the trailer's fields, as announced
}

func newPreamble(h http.Header) preamble {
	p := preamble{
		length:   -1,
		encoding: h.Get("Transfer-Encoding"),
		untyped:  !has(h, "Content-Type"),
		unsized:  !has(h, "Content-Length"),
		trailing: has(h, "Trailer"),
	}
	for name := range h {
		p.trailing = p.trailing || strings.HasPrefix(name, http.TrailerPrefix)
	}
	if p.header, p.err = carry(h, true); p.err != nil {
		return p
	}
	delete(p.header, "Transfer-Encoding")
	if lengths := slices.Compact(p.header["Content-Length"]); len(lengths) > 1 {
		p.err = fmt.Errorf("inprocess: the handler's Content-Length is %q", lengths)
	} else if len(lengths) == 1 {
		p.header["Content-Length"] = lengths
		if n, err := strconv.ParseUint(lengths[0], 10, 63); err == nil {
			p.length = int64(n)
		} else {
			delete(p.header, "Content-Length")
		}
	}
	return p
}

// complete does to the header what net/http's server does before it sends it,
// knowing the first bytes of the body; whole says that there will be no more.
func (p *preamble) complete(status int, head bool, body []byte, whole bool) {
	h := p.header
	if !bodyAllowed(status) {
		delete(h, "Content-Length")
		if status == http.StatusNotModified {
			delete(h, "Content-Type")
		}
		if p.length = 0; head {
			p.length = -1
		}
		return
	}
	switch {
	case p.encoding != "" && p.encoding != "identity": // which alone goes with a length
		delete(h, "Content-Length")
		p.length = -1
	case p.encoding == "" && whole && p.unsized && !p.trailing && (len(body) > 0 || !head):
		// (That nothing was written for HEAD says nothing about GET.)
		p.length = int64(len(body))
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	if p.untyped && p.encoding == "" && len(body) > 0 && h.Get("Content-Encoding") == "" {
		h["Content-Type"] = []string{http.DetectContentType(body)}
	}
	p.chunked = !head && p.length < 0 && p.encoding != "identity"
	if p.chunked {
		elements(h["Trailer"], func(name string) {
			p.names = append(p.names, http.CanonicalHeaderKey(name))
		})
		delete(h, "Trailer")
	}
}

// response returns the answer, still without a body, as http.Transport would.
func (p *preamble) response(status int, req *http.Request) *http.Response {
	res := &http.Response{
		Status:        statusLine(status),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        p.header,
		Body:          http.NoBody,
		ContentLength: p.length,
		Close:         asksClose(p.header),
		Request:       req,
	}
	if res.Close {
		delete(res.Header, "Connection")
	}
	if p.chunked {
		res.TransferEncoding = []string{"chunked"}
	}
	if len(p.names) > 0 {
		res.Trailer = make(http.Header, len(p.names))
		for _, name := range p.names {
			res.Trailer[name] = nil
		}
	}
	return res
}

// trailer returns the values that the handler has set for after the body. An
// error means that no client could read them.
func (p *preamble) trailer(h http.Header) (http.Header, error) {
	if !p.chunked {
		return nil, nil
	}
	t := make(http.Header)
	for _, name := range p.names {
		t[name] = h[name]
	}
	for name, values := range h {
		if name, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			t[name] = values
		}
	}
	return carry(t, true)
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

func statusLine(status int) string {
	if text := http.StatusText(status); text != "" {
		return strconv.Itoa(status) + " " + text
	}
	return fmt.Sprintf("%d status code %[1]d", status)
}
