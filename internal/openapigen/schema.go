package openapigen

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// timeSchema is the schema of web.Time.
var timeSchema = endpoint.Schema{
	"type": "string", "format": "date-time", "pattern": `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`,
	"description": "UTC, with three fraction digits", "examples": []any{"2026-02-03T12:00:00.000Z"},
}

// schemaOf returns the schema of a value's type. The first value of a type becomes its
// example.
func (b *builder) schemaOf(v any) *openapi3.SchemaRef {
	ref := b.schema(reflect.TypeOf(v))
	if name, ok := strings.CutPrefix(ref.Ref, "#/components/schemas/"); ok {
		if s := b.parts.Schemas[name].Value; s.Examples == nil {
			s.Examples = []any{*into[any](v)}
		}
	}
	return ref
}

// schema returns the schema of a type as encoding/json writes it. A named struct becomes a
// component. Tags add to it:
//
//	doc:"text"             the description
//	as:"Name"              a reference to the surface's schema of this name, in place of the type's
//	like:"Name"            a copy of that schema
//	schema:"key=value,…"   further keywords; of a field _, those of the struct, and with dots those of its members
func (b *builder) schema(t reflect.Type) *openapi3.SchemaRef {
	switch {
	case t == reflect.TypeFor[web.Time]():
		return b.component("Time", timeSchema)
	case t == reflect.TypeFor[json.RawMessage](), t.Kind() == reflect.Interface:
		return schemaRef(endpoint.Schema{})
	case t.Kind() == reflect.Pointer:
		return nullable(b.schema(t.Elem()))
	case t.Kind() == reflect.Slice:
		return &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{"array"}, Items: b.schema(t.Elem())}}
	case t.Kind() == reflect.Map:
		return schemaRef(endpoint.Schema{"type": "object"})
	case t.Kind() != reflect.Struct:
		return schemaRef(endpoint.Schema{"type": jsonType(t)})
	case t.Name() == "":
		return &openapi3.SchemaRef{Value: b.object(t)}
	}
	name := componentName(t)
	if known, ok := b.types[name]; ok && known != t {
		panic(fmt.Sprintf("%v and %v would both be %s", known, t, name))
	}
	b.types[name] = t
	if b.parts.Schemas[name] == nil {
		b.parts.Schemas[name] = &openapi3.SchemaRef{} // it may refer to itself
		b.parts.Schemas[name].Value = b.object(t)
	}
	return reference(name)
}

func reference(name string) *openapi3.SchemaRef {
	return &openapi3.SchemaRef{Ref: "#/components/schemas/" + name}
}

func (b *builder) component(name string, s endpoint.Schema) *openapi3.SchemaRef {
	b.parts.Schemas[name] = schemaRef(s)
	return reference(name)
}

func schemaRef(s endpoint.Schema) *openapi3.SchemaRef {
	return &openapi3.SchemaRef{Value: into[openapi3.Schema](s)}
}

func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "integer"
	}
	panic(fmt.Sprintf("no schema for %v", t))
}

// componentName returns the type's name for clients: taskJSON is Task.
func componentName(t reflect.Type) string {
	name := []rune(strings.TrimSuffix(strings.TrimSuffix(t.Name(), "JSON"), "Body"))
	name[0] = unicode.ToUpper(name[0])
	return string(name)
}

func nullable(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	null := &openapi3.Schema{Type: &openapi3.Types{"null"}}
	if ref.Ref != "" {
		return &openapi3.SchemaRef{Value: &openapi3.Schema{OneOf: openapi3.SchemaRefs{ref, {Value: null}}}}
	}
	types := append(*ref.Value.Type, "null")
	ref.Value.Type = &types
	return ref
}

func (b *builder) object(t reflect.Type) *openapi3.Schema {
	s := &openapi3.Schema{Type: &openapi3.Types{"object"}, Properties: openapi3.Schemas{}}
	var own reflect.StructTag
	for f := range t.Fields() {
		if f.Name == "_" {
			own = f.Tag
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			inner := b.object(f.Type)
			for name, ref := range inner.Properties {
				s.Properties[name] = ref
			}
			s.Required = append(s.Required, inner.Required...)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		s.Properties[name] = b.field(f)
		if options != "omitempty" {
			s.Required = append(s.Required, name)
		}
	}
	return annotate(s, own)
}

func (b *builder) field(f reflect.StructField) *openapi3.SchemaRef {
	var ref *openapi3.SchemaRef
	as, like := f.Tag.Get("as"), f.Tag.Get("like")
	switch {
	case as != "":
		ref = b.component(as, b.named(as))
	case like != "":
		s := b.named(like)
		ref = schemaRef(s)
		if _, one := s["type"].(string); one && f.Type.Kind() == reflect.Pointer {
			ref = nullable(ref)
		}
	default:
		ref = b.schema(f.Type)
	}
	if f.Tag.Get("doc") == "" && f.Tag.Get("schema") == "" {
		return ref
	}
	if ref.Ref != "" { // a description next to the reference
		ref = &openapi3.SchemaRef{Value: &openapi3.Schema{AllOf: openapi3.SchemaRefs{ref}}}
	}
	ref.Value = annotate(ref.Value, f.Tag)
	return ref
}

// named returns a schema of the surface.
func (b *builder) named(name string) endpoint.Schema {
	s, ok := b.surface.Schemas[name]
	if !ok {
		panic("no schema named " + name)
	}
	return s
}

// annotate adds the keywords of the tags.
func annotate(s *openapi3.Schema, tag reflect.StructTag) *openapi3.Schema {
	words := *into[map[string]any](s)
	if text := tag.Get("doc"); text != "" {
		words["description"] = text
	}
	for pair := range strings.SplitSeq(tag.Get("schema"), ",") {
		key, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok:
		case key == "enum", key == "x-enum-varnames":
			words[key] = strings.Split(value, "|")
		default:
			at, path := words, strings.Split(key, ".")
			for _, name := range path[:len(path)-1] {
				at = at[name].(map[string]any)
			}
			at[path[len(path)-1]] = literal(value)
		}
	}
	return into[openapi3.Schema](words)
}

// literal reads a JSON value, or else takes the text.
func literal(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}
