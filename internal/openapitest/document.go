package openapitest

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
)

// checkDocument checks the form of a document, but not its examples.
func checkDocument(doc *openapi3.T) error {
	if !doc.IsOpenAPI31OrLater() {
		return fmt.Errorf("openapi is %s, want 3.1", doc.OpenAPI)
	}
	return doc.Validate(context.Background(), openapi3.DisableExamplesValidation())
}

// checkNames refuses a document in which an object has a name twice. Go's decoder takes the
// last of the two, and parsers in browsers may refuse the whole document.
func checkNames(document []byte) error {
	_, err := jsontext.NewDecoder(bytes.NewReader(document)).ReadValue()
	return err
}

// checkExamples checks the examples of parameters, headers and bodies against the schema
// beside them. kin-openapi can do it, but compiles the schema and all that it refers to again
// for each example. at is where node is in the document.
func (s *schemas) checkExamples(node any, at string) error {
	switch node := node.(type) {
	case map[string]any:
		if _, has := node["schema"]; has {
			for name, value := range examples(node) {
				if err := s.fitAt(at+"/schema", value); err != nil {
					return fmt.Errorf("the example %s of %s: %w", name, at, err)
				}
			}
		}
		for name, child := range node {
			if err := s.checkExamples(child, at+"/"+escape.Replace(name)); err != nil {
				return err
			}
		}
	case []any:
		for i, child := range node {
			if err := s.checkExamples(child, fmt.Sprintf("%s/%d", at, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// escape writes a name as a JSON pointer in a URL has it.
var escape = strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", "{", "%7B", "}", "%7D")

// examples returns those beside a schema. An example that is elsewhere has no value here,
// which its schema refuses.
func examples(node map[string]any) map[string]any {
	found := map[string]any{}
	if value, has := node["example"]; has {
		found["example"] = value
	}
	named, _ := node["examples"].(map[string]any)
	for name, example := range named {
		object, _ := example.(map[string]any)
		found[name] = object["value"]
	}
	return found
}

// closeObjects forbids members without a description in every described object. Where a body
// is ours or any other server's JSON, only ours is left: the tests have no other JSON there.
func closeObjects(node any) {
	switch node := node.(type) {
	case map[string]any:
		if some, _ := node["anyOf"].([]any); len(some) == 2 {
			if anything, ok := some[1].(map[string]any); ok && len(anything) == 0 {
				delete(node, "anyOf")
				node["allOf"] = some[:1]
			}
		}
		_, described := node["properties"].(map[string]any)
		if _, said := node["additionalProperties"]; described && !said && node["type"] != nil {
			node["additionalProperties"] = false
		}
		for _, child := range node {
			closeObjects(child)
		}
	case []any:
		for _, child := range node {
			closeObjects(child)
		}
	}
}
