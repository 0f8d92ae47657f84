// Package openapigen makes the OpenAPI document and the rows of docs/api.md from a table of
// endpoints. Only tests use it: they compare the files in the repository with the table,
// and write them with -update. The product embeds the files, so its binary needs no OpenAPI
// library.
package openapigen

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"vestibule/internal/endpoint"
)

// builder collects the components that its descriptions refer to.
type builder struct {
	surface endpoint.Surface
	parts   openapi3.Components
	types   map[string]reflect.Type // of the schemas
}

// Document returns the document of a surface as JSON. The same table always gives the same
// bytes.
func Document(s endpoint.Surface) ([]byte, error) {
	b := &builder{surface: s, types: map[string]reflect.Type{}, parts: openapi3.Components{
		Schemas: openapi3.Schemas{}, Parameters: openapi3.ParametersMap{}, Headers: openapi3.Headers{},
		Responses: openapi3.ResponseBodies{}, SecuritySchemes: openapi3.SecuritySchemes{},
	}}
	doc := &openapi3.T{
		OpenAPI:    "3.1.1",
		Info:       &openapi3.Info{Title: s.Title, Version: "1.0.0", Summary: s.Summary, Description: s.Text},
		Servers:    openapi3.Servers{{URL: "/", Description: "This server"}},
		Paths:      openapi3.NewPaths(),
		Components: &b.parts,
		Extensions: map[string]any{"x-elsewhere": b.elsewhere()},
	}
	for _, tag := range s.Tags {
		doc.Tags = append(doc.Tags, &openapi3.Tag{Name: tag.Name, Description: tag.Text})
	}
	for name, scheme := range s.Security {
		b.parts.SecuritySchemes[name] = &openapi3.SecuritySchemeRef{Value: into[openapi3.SecurityScheme](scheme)}
	}
	for _, e := range s.Endpoints {
		ids := []string{e.ID}
		if e.Short != "" {
			ids = []string{e.ShortID, e.ID}
		}
		for i, path := range e.Paths() {
			doc.AddOperation(path, e.Method, b.operation(e, ids[i]))
			doc.Paths.Value(path).Parameters = b.pathParameters(path)
		}
	}
	return text(doc)
}

// text returns a value as JSON with sorted names.
func text(v any) ([]byte, error) {
	compact, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(compact))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(tree)
	return out.Bytes(), err
}

// into converts a JSON value to one of the library's types. The table is fixed, so an error
// is a mistake in the program.
func into[T any](v any) *T {
	content, err := json.Marshal(v)
	var to T
	if err == nil {
		err = json.Unmarshal(content, &to)
	}
	if err != nil {
		panic(err)
	}
	return &to
}

func (b *builder) elsewhere() map[string]string {
	names := map[string]string{}
	for _, a := range b.surface.Elsewhere {
		b.response(a)
		names[strconv.Itoa(a.Status)] = a.Component
	}
	return names
}

func (b *builder) operation(e endpoint.Endpoint, id string) *openapi3.Operation {
	op := &openapi3.Operation{
		OperationID: id, Summary: e.Doc.Summary, Description: e.Doc.Text, Tags: []string{e.Doc.Tag},
		Security: &openapi3.SecurityRequirements{}, Responses: openapi3.NewResponsesWithCapacity(0), Extensions: map[string]any{},
	}
	for name, value := range e.Doc.Extensions {
		op.Extensions[name] = value
	}
	if e.Doc.Limit != "" {
		op.Extensions["x-limit"] = e.Doc.Limit
	}
	if len(e.Doc.Events) > 0 {
		op.Extensions["x-audit"] = e.Doc.Events
	}
	if e.NoHead {
		op.Extensions["x-head"] = false
	}
	if e.Guard != nil {
		for _, one := range e.Guard.Security {
			op.Security.With(openapi3.SecurityRequirement(one))
		}
	}
	for _, p := range e.Doc.Params {
		op.Parameters = append(op.Parameters, b.parameter(p))
	}
	if e.Doc.Body != nil {
		op.RequestBody = &openapi3.RequestBodyRef{Value: b.body(e.Doc.Body)}
	}
	all := answers(b.surface, e)
	for _, status := range slices.Sorted(maps.Keys(all)) {
		name := "default"
		if status != 0 {
			name = strconv.Itoa(status)
		}
		op.Responses.Set(name, b.response(all[status]))
	}
	return op
}

// pathParameters returns the parameters in the braces of a path.
func (b *builder) pathParameters(path string) (list openapi3.Parameters) {
	for _, p := range b.surface.Params {
		if strings.Contains(path, "{"+p.Name+"}") {
			list = append(list, b.parameter(p))
		}
	}
	return list
}

func (b *builder) parameter(p *endpoint.Param) *openapi3.ParameterRef {
	value := &openapi3.Parameter{
		Name: p.Name, In: p.In, Description: p.Text, Required: p.Required,
		Schema: schemaRef(p.Schema), Example: p.Example, Examples: examples(p.Examples),
	}
	if p.Component == "" {
		return &openapi3.ParameterRef{Value: value}
	}
	b.parts.Parameters[p.Component] = &openapi3.ParameterRef{Value: value}
	return &openapi3.ParameterRef{Ref: "#/components/parameters/" + p.Component}
}

func (b *builder) body(body *endpoint.Body) *openapi3.RequestBody {
	kind := body.Type
	if kind == "" {
		kind = "application/json"
	}
	value := &openapi3.RequestBody{Description: body.Text, Required: !body.Optional, Content: openapi3.Content{}}
	if value.Content[kind] = (&openapi3.MediaType{}); len(body.Examples) > 0 {
		value.Content[kind] = b.media(body.Examples)
	}
	for kind, list := range body.Also {
		if value.Content[kind] = plain(kind); len(list) > 0 {
			value.Content[kind] = b.media(list)
		}
	}
	return value
}

func (b *builder) media(list []endpoint.Example) *openapi3.MediaType {
	return &openapi3.MediaType{Schema: b.schemaOf(list[0].Value), Examples: examples(list)}
}

func examples(list []endpoint.Example) openapi3.Examples {
	if len(list) == 0 {
		return nil
	}
	named := openapi3.Examples{}
	for _, one := range list {
		named[one.Name] = &openapi3.ExampleRef{Value: &openapi3.Example{Value: *into[any](one.Value)}}
	}
	return named
}

func (b *builder) header(h *endpoint.Header) *openapi3.HeaderRef {
	value := &openapi3.Header{Parameter: openapi3.Parameter{
		Description: h.Text, Required: h.Always, Schema: schemaRef(h.Schema), Example: h.Example,
	}}
	if h.Component == "" {
		return &openapi3.HeaderRef{Value: value}
	}
	b.parts.Headers[h.Component] = &openapi3.HeaderRef{Value: value}
	return &openapi3.HeaderRef{Ref: "#/components/headers/" + h.Component}
}
