package openapitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// documentURL names the document for the compiler of schemas. Nothing is fetched.
const documentURL = "https://vestibule.invalid/openapi.json"

// schemas compiles each schema of a document once. kin-openapi compiles a schema for every
// value that it checks, which took a tenth of these tests' time.
type schemas struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[*openapi3.Schema]*jsonschema.Schema
}

// newSchemas gets the document as closeObjects has left it.
func newSchemas(tree any) (*schemas, error) {
	if member := directed(tree); member != "" {
		return nil, fmt.Errorf("the check of answers does not know the keyword %s", member)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	for name, format := range openapi3.SchemaStringFormats {
		c.RegisterFormat(&jsonschema.Format{Name: name, Validate: func(value any) error {
			if text, ok := value.(string); ok {
				return format.Validate(text)
			}
			return nil
		}})
	}
	for name, format := range openapi3.SchemaIntegerFormats {
		c.RegisterFormat(&jsonschema.Format{Name: name, Validate: func(value any) error {
			if n, ok := value.(float64); ok && n == float64(int64(n)) {
				return format.Validate(int64(n))
			}
			return nil
		}})
	}
	if err := c.AddResource(documentURL, tree); err != nil {
		return nil, err
	}
	return &schemas{compiler: c, compiled: map[*openapi3.Schema]*jsonschema.Schema{}}, nil
}

// directed returns a keyword of OpenAPI in node that changes what an answer may hold and
// that JSON Schema does not have, or "".
func directed(node any) string {
	switch node := node.(type) {
	case map[string]any:
		for name, child := range node {
			if name == "writeOnly" && child == true || name == "discriminator" {
				return name
			}
			if found := directed(child); found != "" {
				return found
			}
		}
	case []any:
		for _, child := range node {
			if found := directed(child); found != "" {
				return found
			}
		}
	}
	return ""
}

// fit returns how a value, as encoding/json decodes it, differs from its schema.
func (s *schemas) fit(ref *openapi3.SchemaRef, value any) error {
	compiled, err := s.compile(ref.Value)
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

// fitAt is fit for the schema at a place in the document.
func (s *schemas) fitAt(at string, value any) error {
	s.mu.Lock()
	compiled, err := s.compiler.Compile(documentURL + "#" + at)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

func (s *schemas) compile(schema *openapi3.Schema) (*jsonschema.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if done := s.compiled[schema]; done != nil {
		return done, nil
	}
	text, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}
	// The schema becomes a resource of its own, and its references lead to the document.
	text = bytes.ReplaceAll(text, []byte(`"$ref":"#/`), []byte(`"$ref":"`+documentURL+`#/`))
	resource, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("https://vestibule.invalid/%d.json", len(s.compiled))
	if err := s.compiler.AddResource(url, resource); err != nil {
		return nil, err
	}
	compiled, err := s.compiler.Compile(url)
	if err != nil {
		return nil, err
	}
	s.compiled[schema] = compiled
	return compiled, nil
}
