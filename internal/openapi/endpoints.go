package openapi

import (
	"net/http"

	"vestibule/internal/endpoint"
)

// documentJSON is the part of a document that its own description shows.
type documentJSON struct {
	_       struct{}       `schema:"additionalProperties=true"`
	OpenAPI string         `json:"openapi" schema:"pattern=^3\\.1\\."`
	Info    map[string]any `json:"info"`
	Paths   map[string]any `json:"paths"`
}

// FileParam is the parameter in the path of a file of the page.
var FileParam = &endpoint.Param{
	Name: "file", In: "path", Required: true, Text: "The name of the file",
	Schema: endpoint.Schema{"type": "string"}, Example: "swagger-ui.css",
}

// Endpoints returns the endpoints of the documentation. notModified is the surface's 304.
// ofFile are further answers for the page's files.
func (d *Docs) Endpoints(documentPath, pagePath string, notModified *endpoint.Answer, known *endpoint.Param, ofFile ...*endpoint.Answer) []endpoint.Endpoint {
	file := &endpoint.Doc{
		Tag: "about", Summary: "A file of the page", Params: []*endpoint.Param{known},
		Answers: append([]*endpoint.Answer{notModified, {
			Status: http.StatusOK, Text: "The file", Headers: []*endpoint.Header{endpoint.Revalidate, endpoint.ETag},
			Types: []string{"text/javascript", "text/css", "image/png"},
		}}, ofFile...),
	}
	page := &endpoint.Doc{
		Tag: "about", Summary: "This document as a page",
		Row:     "200, a page that shows it and sends requests, without a token",
		Answers: []*endpoint.Answer{{Status: http.StatusOK, Text: "The page", Types: []string{"text/html"}}},
	}
	document := &endpoint.Doc{
		Tag: "about", Summary: "This document", Params: []*endpoint.Param{known},
		Row: "200, the document, without a token; `ETag`",
		Answers: []*endpoint.Answer{notModified, {
			Status: http.StatusOK, Text: "The document", Headers: []*endpoint.Header{endpoint.Revalidate, endpoint.ETag},
			Examples: []endpoint.Example{{Name: "start", Value: documentJSON{OpenAPI: "3.1.1", Info: map[string]any{"title": d.title, "version": "1.0.0"}, Paths: map[string]any{}}}},
		}},
	}
	return []endpoint.Endpoint{
		{Method: http.MethodGet, Path: documentPath, ID: "getOpenAPI", Handler: d.Document, Doc: document},
		{Method: http.MethodGet, Path: pagePath, ID: "getDocs", Handler: d.Page, Doc: page},
		{Method: http.MethodGet, Path: pagePath + "/{file}", ID: "getDocsFile", Handler: d.File, Doc: file},
	}
}
