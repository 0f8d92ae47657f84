package openapitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

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
func (a Answer) check(r *http.Request, response *openapi3.Response, open bool, known *schemas) error {
	var faults []error
	for name, ref := range response.Headers {
		values := a.Header.Values(name)
		switch {
		case len(values) == 0 && ref.Value.Required:
			faults = append(faults, fmt.Errorf("the header %s is missing", name))
		case len(values) > 1:
			faults = append(faults, fmt.Errorf("the header %s occurs twice", name))
		case len(values) == 1:
			if err := known.fit(ref.Value.Schema, headerValue(ref.Value.Schema.Value, values[0])); err != nil {
				faults = append(faults, fmt.Errorf("the header %s is %q: %w", name, values[0], err))
			}
		}
	}
	for name := range a.Header {
		if !open && !everywhere[name] && !described(response, name) {
			faults = append(faults, fmt.Errorf("the header %s is not described", name))
		}
	}
	return errors.Join(append(faults, a.checkBody(r, response, known))...)
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

func (a Answer) checkBody(r *http.Request, response *openapi3.Response, known *schemas) error {
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
	if err := known.fit(media.Schema, value); err != nil {
		return fmt.Errorf("the body differs from the schema: %w", err)
	}
	return nil
}
