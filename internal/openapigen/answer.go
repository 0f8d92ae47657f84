package openapigen

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// answers returns the answers of an endpoint by status: its own, and those of its guard,
// its body and the surface. The refusals of the endpoint are added to them.
func answers(s endpoint.Surface, e endpoint.Endpoint) map[int]*endpoint.Answer {
	all := map[int]*endpoint.Answer{}
	add := func(list []*endpoint.Answer) {
		for _, a := range list {
			if all[a.Status] == nil {
				all[a.Status] = a
			}
		}
	}
	add(e.Doc.Answers)
	for _, g := range []*endpoint.Guard{e.Guard, s.Everywhere} {
		if g == nil {
			continue
		}
		add(g.Answers)
		if e.Doc.Body != nil {
			add(g.Body)
		}
		for status, a := range all {
			if 200 <= status && status < 300 {
				all[status] = withHeaders(a, g.Headers)
			}
		}
	}
	for _, refusal := range e.Doc.Errors {
		all[refusal.Status] = with(all[refusal.Status], refusal)
	}
	for status, text := range e.Doc.Texts {
		a := *all[status]
		a.Text, a.Component = text, ""
		all[status] = &a
	}
	return all
}

// RefusalsOf returns all refusals of an endpoint.
func RefusalsOf(s endpoint.Surface, e endpoint.Endpoint) (list []*web.Error) {
	for _, a := range answers(s, e) {
		list = append(list, a.Errors...)
	}
	return list
}

// with returns a copy of an answer with one more refusal.
func with(a *endpoint.Answer, refusal *web.Error) *endpoint.Answer {
	if a == nil {
		return &endpoint.Answer{Status: refusal.Status, Text: refusal.Message, Errors: []*web.Error{refusal}}
	}
	more := *a
	more.Component, more.Errors = "", append(slices.Clone(a.Errors), refusal)
	return &more
}

// withHeaders returns a copy of an answer with those of the headers that it does not describe
// itself.
func withHeaders(a *endpoint.Answer, headers []*endpoint.Header) *endpoint.Answer {
	more := *a
	more.Headers = slices.Clone(a.Headers)
	for _, h := range headers {
		if !slices.ContainsFunc(a.Headers, func(own *endpoint.Header) bool { return own.Name == h.Name }) {
			more.Headers, more.Component = append(more.Headers, h), ""
		}
	}
	return &more
}

func (b *builder) response(a *endpoint.Answer) *openapi3.ResponseRef {
	value := &openapi3.Response{Description: &a.Text, Headers: openapi3.Headers{}, Content: openapi3.Content{}}
	for _, h := range b.surface.Headers {
		if !a.Bare || h.Component == "RequestId" {
			value.Headers[h.Name] = b.header(h)
		}
	}
	for _, h := range a.Headers {
		value.Headers[h.Name] = b.header(h)
	}
	if len(a.Examples) > 0 {
		kind := a.Type
		if kind == "" {
			kind = "application/json"
		}
		value.Content[kind] = b.media(a.Examples)
	}
	if len(a.Errors) > 0 {
		shape := b.surface.Errors
		if a.Shape != nil {
			shape = *a.Shape
		}
		value.Content[shape.Type] = b.refusals(shape, a)
	}
	for _, kind := range a.Types {
		value.Content[kind] = plain(kind)
	}
	if a.Component == "" {
		return &openapi3.ResponseRef{Value: value}
	}
	b.parts.Responses[a.Component] = &openapi3.ResponseRef{Value: value}
	return &openapi3.ResponseRef{Ref: "#/components/responses/" + a.Component}
}

// plain describes a body that is not JSON. Generators of clients leave out an operation whose
// body has no schema.
func plain(kind string) *openapi3.MediaType {
	media := &openapi3.MediaType{}
	switch {
	case strings.HasPrefix(kind, "text/"):
		media.Schema = schemaRef(endpoint.Schema{"type": "string"})
	case kind == "application/octet-stream":
		media.Schema = schemaRef(endpoint.Schema{"type": "string", "format": "binary"})
	}
	return media
}

// refusals describes the shape of the answer's refusals, their codes, and each of them as an
// example.
func (b *builder) refusals(shape endpoint.Shape, a *endpoint.Answer) *openapi3.MediaType {
	media := &openapi3.MediaType{Schema: b.schemaOf(shape.Body(a.Errors[0])), Examples: openapi3.Examples{}}
	var codes []any
	for _, e := range a.Errors {
		body := shape.Body(e)
		name := key(e)
		if shape.Code != "" {
			code := (*into[map[string]any](body))[shape.Code]
			if slices.Contains(codes, code) {
				continue
			}
			codes = append(codes, code)
			name = fmt.Sprint(code)
		}
		media.Examples[name] = &openapi3.ExampleRef{Value: &openapi3.Example{Value: *into[any](body)}}
	}
	if shape.Code != "" {
		code := &openapi3.Schema{Properties: openapi3.Schemas{shape.Code: {Value: &openapi3.Schema{Enum: codes}}}}
		media.Schema = b.shared(a.Component, &openapi3.Schema{AllOf: openapi3.SchemaRefs{media.Schema, {Value: code}}})
	}
	if slices.Contains(a.Types, anyType) {
		// Another server may give the same status its own JSON. A generated client would
		// fail to read it as our refusal.
		media.Schema = &openapi3.SchemaRef{Value: &openapi3.Schema{AnyOf: openapi3.SchemaRefs{media.Schema, schemaRef(endpoint.Schema{})}}}
	}
	return media
}

// shared makes the schema of a shared answer a component with the name of the answer.
// Without it generated clients get a type for each operation and status: several hundred.
func (b *builder) shared(name string, s *openapi3.Schema) *openapi3.SchemaRef {
	if name == "" {
		return &openapi3.SchemaRef{Value: s}
	}
	answer := reflect.TypeFor[endpoint.Answer]()
	if t := b.types[name]; t != nil && t != answer {
		panic(fmt.Sprintf("%v and an answer would both be %s", t, name))
	}
	b.types[name] = answer // a type of this name would panic too
	b.parts.Schemas[name] = &openapi3.SchemaRef{Value: s}
	return reference(name)
}

// anyType is the Content-Type of what another server answers.
const anyType = "*/*"

// key names a refusal without a code in the examples.
func key(e *web.Error) string {
	if len(e.Fields) > 0 {
		return e.Fields[0].Field + " " + e.Fields[0].Message
	}
	return e.Message
}
