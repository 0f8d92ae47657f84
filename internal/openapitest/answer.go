package openapitest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// everywhere lists the headers that a document describes once, in its introduction, and
// those of HTTP itself.
var everywhere = map[string]bool{
	"Content-Type": true, "Content-Length": true, "Content-Encoding": true, "Date": true, "Vary": true, "Transfer-Encoding": true,
	"Connection": true, "X-Content-Type-Options": true, "Content-Security-Policy": true, "Referrer-Policy": true, "Cross-Origin-Resource-Policy": true, "Strict-Transport-Security": true,
	"Access-Control-Allow-Origin": true, "Access-Control-Allow-Credentials": true, "Access-Control-Expose-Headers": true,
}

// check returns how the answer differs from its description. open allows headers that are
// not described.
func (a Answer) check(r *http.Request, response *openapi3.Response, open bool) error {
	var faults []error
	for name, ref := range response.Headers {
		values := a.Header.Values(name)
		switch {
		case len(values) == 0 && ref.Value.Required:
			faults = append(faults, fmt.Errorf("the header %s is missing", name))
		case len(values) > 1:
			faults = append(faults, fmt.Errorf("the header %s occurs twice", name))
		case len(values) == 1:
			if err := fits(ref.Value.Schema, headerValue(ref.Value.Schema.Value, values[0])); err != nil {
				faults = append(faults, fmt.Errorf("the header %s is %q: %w", name, values[0], err))
			}
		}
	}
	for name := range a.Header {
		if !open && !everywhere[name] && !described(response, name) {
			faults = append(faults, fmt.Errorf("the header %s is not described", name))
		}
	}
	return errors.Join(append(faults, a.checkBody(r, response))...)
}

func described(response *openapi3.Response, name string) bool {
	for known := range response.Headers {
		if http.CanonicalHeaderKey(known) == name {
			return true
		}
	}
	return false
}

func headerValue(schema *openapi3.Schema, text string) any {
	if schema.Type.Is("integer") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return float64(n)
		}
	}
	return text
}

func (a Answer) checkBody(r *http.Request, response *openapi3.Response) error {
	sent := a.Header.Get("Content-Type")
	if len(response.Content) == 0 {
		if len(a.Body) > 0 || sent != "" {
			return fmt.Errorf("there is a body of type %q and the document has none", sent)
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(sent)
	media := response.Content[kind]
	if media == nil && err == nil {
		media = response.Content["*/*"]
	}
	switch {
	case media == nil && response.Content["*/*"] != nil && len(a.Body) == 0:
		return nil
	case media == nil:
		return fmt.Errorf("the document does not have the content type %q", sent)
	case r.Method == http.MethodHead || a.Cut || media.Schema == nil:
		return nil
	case !strings.HasSuffix(kind, "json"):
		return nil // text: nothing more to check
	}
	dec := json.NewDecoder(bytes.NewReader(a.Body))
	var value any
	if err := dec.Decode(&value); err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	if err := fits(media.Schema, value); err != nil {
		return fmt.Errorf("the body differs from the schema: %w", err)
	}
	return nil
}

// fitting holds the values that fit their schemas. Most answers repeat an earlier value, and
// the library compiles the schema for every value, which is most of the work.
var fitting sync.Map

// schemaValue is a schema and the hash of a value.
type schemaValue struct {
	schema *openapi3.Schema
	value  [sha256.Size]byte
}

func fits(schema *openapi3.SchemaRef, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	pair := schemaValue{schema.Value, sha256.Sum256(text)}
	if _, known := fitting.Load(pair); known {
		return nil
	}
	err = schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020(), openapi3.VisitAsResponse(), openapi3.MultiErrors())
	if err == nil {
		fitting.Store(pair, true)
	}
	return err
}
