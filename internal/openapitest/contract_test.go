package openapitest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const small = `{"openapi":"3.1.1","info":{"title":"t","version":"1"},
"x-elsewhere":{"404":"None"},
"paths":{
 "/things/{id}":{"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"integer"}}],
  "get":{"operationId":"a","responses":{
   "200":{"description":"d","headers":{"X-N":{"required":true,"schema":{"type":"integer"}}},
    "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"},"example":{"a":null}}}},
   "204":{"description":"d"}}}},
 "/things/special":{"get":{"operationId":"b","x-head":false,"responses":{"200":{"description":"d","content":{"text/plain":{"schema":{"type":"string"}}}}}}},
 "/pass/{path}":{"parameters":[{"name":"path","in":"path","required":true,"schema":{"type":"string"}}],
  "post":{"operationId":"c","x-passthrough":true,"x-except":"/pass/api","responses":{
   "403":{"description":"d","content":{"*/*":{},"application/json":{"schema":{"anyOf":[{"$ref":"#/components/schemas/Thing"},{}]}}}},
   "default":{"description":"d","content":{"*/*":{}}}}}}},
"components":{
 "responses":{"None":{"description":"d"}},
 "schemas":{"Thing":{"type":"object","required":["a"],"properties":{"a":{"type":["string","null"],"maxLength":2}}}}}}`

func TestCheck(t *testing.T) {
	c := MustLoad([]byte(small))
	js := http.Header{"Content-Type": {"application/json"}, "X-N": {"1"}}
	for _, tt := range []struct {
		name, method, path string
		answer             Answer
		want               string // in the error; "": none
	}{
		{"what is described", "GET", "/things/1", Answer{Status: 200, Header: js, Body: []byte(`{"a":"x"}`)}, ""},
		{"null where it may be", "GET", "/things/1/", Answer{Status: 200, Header: js, Body: []byte(`{"a":null}`)}, ""},
		{"a HEAD without a body", "HEAD", "/things/1", Answer{Status: 200, Header: js}, ""},
		{"an answer without a body", "GET", "/things/1", Answer{Status: 204}, ""},
		{"what is answered elsewhere", "GET", "/nothing", Answer{Status: 404}, ""},
		{"another method, answered as elsewhere", "PUT", "/things/1", Answer{Status: 404}, ""},
		{"whatever passes through", "POST", "/pass/a/b", Answer{Status: 418, Header: http.Header{"Content-Type": {"x/y"}, "X-Any": {"1"}}, Body: []byte("x")}, ""},
		{"our own refusal", "POST", "/pass/a/b", Answer{Status: 403, Header: js, Body: []byte(`{"a":"x"}`)}, ""},
		{"another refusal", "POST", "/pass/a/b", Answer{Status: 403, Header: js, Body: []byte(`{"b":1}`)}, "schema"},
		{"what does not pass through", "POST", "/pass/api/b", Answer{Status: 418}, "no such operation"},
		{"another status", "GET", "/things/1", Answer{Status: 202}, "no such status"},
		{"another type", "GET", "/things/1", Answer{Status: 200, Header: http.Header{"Content-Type": {"text/html"}, "X-N": {"1"}}}, `content type "text/html"`},
		{"no JSON", "GET", "/things/1", Answer{Status: 200, Header: js, Body: []byte(`{`)}, "not JSON"},
		{"a member of another type", "GET", "/things/1", Answer{Status: 200, Header: js, Body: []byte(`{"a":1}`)}, "schema"},
		{"a member that is too long", "GET", "/things/1", Answer{Status: 200, Header: js, Body: []byte(`{"a":"xyz"}`)}, "schema"},
		{"a member that is missing", "GET", "/things/1", Answer{Status: 200, Header: js, Body: []byte(`{}`)}, "schema"},
		{"a member that is not described", "GET", "/things/1", Answer{Status: 200, Header: js, Body: []byte(`{"a":"x","b":1}`)}, "schema"},
		{"a header that is missing", "GET", "/things/1", Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"a":"x"}`)}, "X-N is missing"},
		{"a header of another type", "GET", "/things/1", Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json"}, "X-N": {"x"}}, Body: []byte(`{"a":"x"}`)}, "X-N"},
		{"a header twice", "GET", "/things/1", Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json"}, "X-N": {"1", "2"}}, Body: []byte(`{"a":"x"}`)}, "twice"},
		{"a header that is not described", "GET", "/things/1", Answer{Status: 204, Header: http.Header{"X-M": {"1"}}}, "X-M is not described"},
		{"a body that is not described", "GET", "/things/1", Answer{Status: 204, Body: []byte("x")}, "there is a body"},
		{"an unknown path with another status", "GET", "/nothing", Answer{Status: 200}, "no such operation"},
		{"a HEAD where there is none", "HEAD", "/things/special", Answer{Status: 200, Header: http.Header{"Content-Type": {"text/plain"}}}, "no such operation"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := c.Check(httptest.NewRequest(tt.method, tt.path, nil), tt.answer)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if got := strings.Join(c.Unseen(), ", "); got != "GET /things/special 200" {
		t.Errorf("unseen: got %s", got)
	}
}

// TestSchemas: a schema of a response, with references, is checked as it is in the document.
func TestSchemas(t *testing.T) {
	for schema, values := range map[string]struct{ fit, refused []string }{
		`{"$ref":"#/components/schemas/Thing"}`:                                       {[]string{`{"a":"x"}`}, []string{`{"a":"xyz"}`, `{}`, `{"a":"x","b":1}`, `[]`, `null`}},
		`{"type":"array","maxItems":1,"items":{"$ref":"#/components/schemas/Thing"}}`: {[]string{`[]`, `[{"a":"x"}]`}, []string{`[{"a":1}]`, `[{}]`, `[{"a":"x"},{"a":"x"}]`}},
		`{"type":"object","properties":{"t":{"$ref":"#/components/schemas/Thing"}}}`:  {[]string{`{}`, `{"t":{"a":"x"}}`}, []string{`{"t":{"a":"x","b":1}}`, `{"u":1}`}},
		`{"allOf":[{"$ref":"#/components/schemas/Thing"},{"required":["a"]}]}`:        {[]string{`{"a":"x"}`}, []string{`{"b":1}`}},
		`{"oneOf":[{"$ref":"#/components/schemas/Thing"},{"type":"null"}]}`:           {[]string{`{"a":"x"}`, `null`}, []string{`{}`, `1`}},
		`{"$ref":"#/components/schemas/Thing","description":"d"}`:                     {[]string{`{"a":"x"}`}, []string{`{"a":1}`}},
		`{"$ref":"#/components/schemas/Thing/properties/a"}`:                          {[]string{`"x"`, `null`}, []string{`"xyz"`, `1`}},
		`{"type":"string","format":"date"}`:                                           {[]string{`"2026-02-03"`}, []string{`"2026-02-31"`, `"x"`, `1`}},
		`{"type":"string","format":"date-time"}`:                                      {[]string{`"2026-02-03T04:05:06Z"`}, []string{`"2026-02-03"`, `"x"`}},
		`{"type":"string","format":"byte"}`:                                           {[]string{`"eA=="`}, []string{`"*"`}},
		`{"type":"integer","format":"int32"}`:                                         {[]string{`1`, `2147483647`}, []string{`2147483648`, `1.5`, `"1"`}},
		`{"type":"integer","minimum":1,"exclusiveMaximum":9}`:                         {[]string{`1`, `8`}, []string{`0`, `9`}},
		`{"type":"string","pattern":"^[a-c]+$","minLength":2}`:                        {[]string{`"ab"`}, []string{`"a"`, `"abd"`}},
		`{"const":true}`:                     {[]string{`true`}, []string{`false`, `"true"`}},
		`{"type":"string","enum":["a","b"]}`: {[]string{`"b"`}, []string{`"c"`}},
		`{"type":"object","additionalProperties":{"$ref":"#/components/schemas/Thing"}}`:               {[]string{`{"x":{"a":"x"}}`}, []string{`{"x":{}}`}},
		`{"type":"object","patternProperties":{"^x":{"type":"null"}},"propertyNames":{"maxLength":2}}`: {[]string{`{"x":null}`}, []string{`{"x":1}`, `{"xyz":null}`}},
		`{"not":{"$ref":"#/components/schemas/Thing"}}`:                                                {[]string{`1`}, []string{`{"a":"x"}`}},
	} {
		c := MustLoad([]byte(strings.Replace(small, `{"type":"string"}}}}}}}`, `{"type":"string"}},"application/json":{"schema":`+schema+`}}}}}}`, 1)))
		check := func(value string) error {
			return c.Check(httptest.NewRequest("GET", "/things/special", nil), Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(value)})
		}
		for range 2 { // the second time, the schema is known
			for _, value := range values.fit {
				if err := check(value); err != nil {
					t.Errorf("%s: got %v for %s", schema, err, value)
				}
			}
			for _, value := range values.refused {
				if check(value) == nil {
					t.Errorf("%s: got no error for %s", schema, value)
				}
			}
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, change := range map[string][2]string{
		"another version":                    {"3.1.1", "3.0.3"},
		"a member twice":                     {`"info":`, `"info":{"title":"t","version":"1"},"info":`},
		"an example that is not of its kind": {`{"a":null}`, `{"a":1}`},
		"a named example of another kind":    {`"example":{"a":null}`, `"examples":{"one":{"value":{"a":null}},"two":{"value":{"a":1}}}`},
		"an example that is elsewhere":       {`"example":{"a":null}`, `"examples":{"one":{"externalValue":"https://vestibule.invalid/one"}}`},
		"a parameter's example":              {`"schema":{"type":"integer"}}],`, `"schema":{"type":"integer"},"example":"x"}],`},
		"a header's example":                 {`"schema":{"type":"integer"}}},`, `"schema":{"type":"integer"},"example":"x"}},`},
		"a default of another kind":          {`"maxLength":2`, `"maxLength":2,"default":1`},
		"a reference to nothing":             {"schemas/Thing", "schemas/Thong"},
		"a keyword that is not checked":      {`"maxLength":2`, `"writeOnly":true`},
		"a status that is none":              {`{"404":"None"}`, `{"404":"Nothing"}`},
	} {
		if _, err := Load([]byte(strings.Replace(small, change[0], change[1], 1))); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
