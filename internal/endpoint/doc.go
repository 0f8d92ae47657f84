package endpoint

import "vestibule/internal/web"

// Doc describes an endpoint. It stands next to the handler.
type Doc struct {
	Tag, Summary, Text string
	Row                string   // the last cell of its row in docs/api.md
	Limit              string   // which limit attempts count against
	Events             []string // what the audit trail may get
	Params             []*Param
	Body               *Body
	// Answers are the endpoint's own. An answer replaces the guard's answer with the same
	// status.
	Answers []*Answer
	// Errors are the refusals that the endpoint adds to those of its guard.
	Errors []*web.Error
	// Texts replace the usual descriptions of the answers with these statuses.
	Texts      map[int]string
	Extensions map[string]any
}

// Schema is a JSON Schema.
type Schema = map[string]any

// Param is a parameter of the path or the query, or a header of the request.
type Param struct {
	Component, Name, In, Text string
	Required                  bool
	Schema                    Schema
	Example                   any
	Examples                  []Example
}

// Header is a header of an answer.
type Header struct {
	Component, Name, Text string
	Always                bool
	Schema                Schema
	Example               any
}

// Example is a named value. The Go type of the first example is the type of the described
// value.
type Example struct {
	Name  string
	Value any
}

// Body is what a request sends.
type Body struct {
	Text     string
	Optional bool
	Type     string // the Content-Type, if not application/json
	Examples []Example
	Also     map[string][]Example // further Content-Types; one without examples is not JSON
}

// Answer describes an answer with a status. Status 0 is for all other statuses.
type Answer struct {
	Component string // its name, if several endpoints share it
	Status    int
	Text      string
	Headers   []*Header
	Type      string // the Content-Type of the examples, if not application/json
	Examples  []Example
	Types     []string     // further Content-Types
	Errors    []*web.Error // the refusals with this status
	Shape     *Shape       // of the refusals, if not the surface's
	Bare      bool         // without the headers of the surface
}

// As returns a copy of a header that is sent under another name.
func (h *Header) As(name string) *Header {
	c := *h
	c.Name = name
	return &c
}
