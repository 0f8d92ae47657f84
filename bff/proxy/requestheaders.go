package proxy

// requestHeaders pass from the client to the API.
var requestHeaders = []string{
	"Accept",
	"Accept-Encoding",
	"Accept-Language",
	"Cache-Control",
	"Content-Encoding",
	"Content-Language",
	"Content-Type",
	"Idempotency-Key",
	"If-Match",
	"If-Modified-Since",
	"If-None-Match",
	"If-Range",
	"If-Unmodified-Since",
	"Last-Event-Id",
	"Prefer",
	"Range",
	"Tracestate",
	"User-Agent",
}

// RequestHeaders returns the canonical names of the headers that every request may
// pass to the API. (Content-Length passes too, as the length of the body.)
func RequestHeaders() []string {
	return append([]string(nil), requestHeaders...)
}
