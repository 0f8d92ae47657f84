package endpoint

// Headers of answers on several surfaces.
var (
	NoStore = &Header{Component: "CacheControl", Name: "Cache-Control", Text: "No cache may keep the answer", Always: true,
		Schema: Schema{"type": "string", "const": "no-store"}, Example: "no-store"}
	Revalidate = &Header{Component: "CacheControlRevalidate", Name: "Cache-Control", Text: "Caches may keep the answer, and must revalidate it each time", Always: true,
		Schema: Schema{"type": "string", "const": "no-cache"}, Example: "no-cache"}
	ETag = &Header{Component: "ETag", Name: "ETag", Text: "The version: a strong entity tag", Always: true,
		Schema: Schema{"type": "string", "pattern": `^"[!#-~]+"$`}, Example: `"3"`}
	Allow = &Header{Component: "Allow", Name: "Allow", Text: "The methods that the path has", Always: true,
		Schema: Schema{"type": "string"}, Example: "GET, HEAD, POST"}
	AcceptEncoding = &Header{Component: "AcceptEncoding", Name: "Accept-Encoding", Text: "Only if the body had a `Content-Encoding`: it must have none",
		Schema: Schema{"type": "string", "const": "identity"}, Example: "identity"}
	RetryAfter = &Header{Component: "RetryAfter", Name: "Retry-After", Text: "Seconds to wait", Always: true,
		Schema: Schema{"type": "integer", "minimum": 1}, Example: 2}
)

// Preflight is the answer to a browser's CORS preflight request.
func Preflight(text string) *Answer {
	return &Answer{Component: "Preflight", Status: 204, Text: text, Headers: []*Header{
		{Name: "Access-Control-Allow-Methods", Schema: Schema{"type": "string"}},
		{Name: "Access-Control-Allow-Headers", Schema: Schema{"type": "string"}},
		{Name: "Access-Control-Max-Age", Schema: Schema{"type": "integer"}},
	}}
}

// RequestID is the X-Request-Id header of every answer. text says whose id it is.
func RequestID(text string) *Header {
	return &Header{Component: "RequestId", Name: "X-Request-Id", Text: text, Always: true,
		Schema: Schema{"type": "string", "minLength": 1, "maxLength": 64}, Example: "4kq2m6yx7n3ztv5w"}
}
