package frontend

import (
	"errors"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// Endpoint describes the paths outside /api/.
func Endpoint() endpoint.Endpoint {
	answer := func(name string, status int, text string, errors ...*web.Error) *endpoint.Answer {
		return &endpoint.Answer{Component: name, Status: status, Text: text, Errors: errors, Types: []string{"*/*"}, Bare: true}
	}
	return endpoint.Endpoint{Method: "GET", Path: "/{page}", ID: "getApp", Doc: &endpoint.Doc{
		Tag: "about", Summary: "The app",
		Text:       "Every path outside `/api/` and `/.well-known/` serves the app: the embedded one, or the one of WEB_DIR or WEB_DEV_URL. A file is served under its own path, and a page (`about.html`, `about/index.html`) under `/about` or `/about/`. A path of the app's router gets the page, a monitor's probe gets none.",
		Extensions: map[string]any{"x-passthrough": true, "x-except": "/api"},
		Answers: []*endpoint.Answer{
			{Component: "App", Text: "A page or a file; a part of a file as 206", Types: []string{"*/*", "application/octet-stream"}, Bare: true},
			{Component: "AppMoved", Status: 308, Text: "The page is at the same path with, or without, a slash at its end", Types: []string{"text/html"}, Bare: true,
				Headers: []*endpoint.Header{{Name: "Location", Text: "The path of the page, with the query of the request", Always: true,
					Schema: endpoint.Schema{"type": "string", "format": "uri-reference"}, Example: "/about/"}}},
			{Component: "AppNotModified", Status: 304, Text: "The client has this version", Bare: true},
			answer("AppBadPath", 400, "The path is ambiguous", web.BadPath("contains an encoded slash")),
			answer("AppNotFound", 404, "There is no such file or page. The build may have a page of its own that says so", web.ErrNotFound),
			answer("AppChanged", 412, "The file's version is not among those in `If-Match`", refusal(412)),
			answer("AppNoSuchPart", 416, "The file has no such part", refusal(416)),
			answer("AppUnavailable", 503, "The folder of the app is being replaced", unavailable(errors.New("described"))),
		},
	}}
}
