package openapigen

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// answers are those of an endpoint by their status: its own, and those that come from its
// guard, from its body and from the surface. Its refusals are added to them.
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

// with returns a copy of an answer with one refusal more.
func with(a *endpoint.Answer, refusal *web.Error) *endpoint.Answer {
	if a == nil {
		return &endpoint.Answer{Status: refusal.Status, Text: refusal.Message, Errors: []*web.Error{refusal}}
	}
	more := *a
	more.Component, more.Errors = "", append(slices.Clone(a.Errors), refusal)
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
		value.Content[b.surface.ErrorType] = b.refusals(a.Errors)
	}
	for _, kind := range a.Types {
		value.Content[kind] = &openapi3.MediaType{}
		if strings.HasPrefix(kind, "text/") {
			value.Content[kind].Schema = schemaRef(endpoint.Schema{"type": "string"})
		}
	}
	if a.Component == "" {
		return &openapi3.ResponseRef{Value: value}
	}
	b.parts.Responses[a.Component] = &openapi3.ResponseRef{Value: value}
	return &openapi3.ResponseRef{Ref: "#/components/responses/" + a.Component}
}

// refusals describes what these refusals look like: their shape, which codes they have,
// and each of them as an example.
func (b *builder) refusals(list []*web.Error) *openapi3.MediaType {
	named := map[string]any{}
	var codes []any
	for _, e := range list {
		key := b.key(e)
		if _, twice := named[key]; twice {
			continue
		}
		named[key] = b.surface.ErrorBody(e)
		codes = append(codes, e.Code)
	}
	media := &openapi3.MediaType{Schema: b.schemaOf(b.surface.ErrorBody(list[0])), Examples: openapi3.Examples{}}
	for _, key := range slices.Sorted(maps.Keys(named)) {
		media.Examples[key] = examples([]endpoint.Example{{Name: key, Value: named[key]}})[key]
	}
	if b.surface.Coded {
		code := &openapi3.Schema{Properties: openapi3.Schemas{"code": {Value: &openapi3.Schema{Enum: codes}}}}
		media.Schema = &openapi3.SchemaRef{Value: &openapi3.Schema{AllOf: openapi3.SchemaRefs{media.Schema, {Value: code}}}}
	}
	return media
}

// key names a refusal among the examples.
func (b *builder) key(e *web.Error) string {
	switch {
	case b.surface.Coded:
		return e.Code
	case len(e.Fields) > 0:
		return e.Fields[0].Field + " " + e.Fields[0].Message
	}
	return e.Message
}
