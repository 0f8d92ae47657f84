package openapitest

import (
	"bytes"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
)

// checkDocument checks the form of a document, and its examples against their schemas.
func checkDocument(document []byte) error {
	// Go's decoder accepts two members with one name and takes the last. Parsers in
	// browsers may refuse the whole document.
	if _, err := jsontext.NewDecoder(bytes.NewReader(document)).ReadValue(); err != nil {
		return err
	}
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(document)
	if err != nil {
		return err
	}
	if !doc.IsOpenAPI31OrLater() {
		return fmt.Errorf("openapi is %s, want 3.1", doc.OpenAPI)
	}
	return doc.Validate(loader.Context, openapi3.EnableExamplesValidation())
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
