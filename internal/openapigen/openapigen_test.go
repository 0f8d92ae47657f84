package openapigen

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"vestibule/internal/endpoint"
	"vestibule/internal/openapitest"
	"vestibule/internal/web"
)

type errorJSON struct {
	Code string `json:"code" doc:"Stable"`
}

type thingJSON struct {
	_     struct{}  `schema:"additionalProperties=true" doc:"A thing"`
	Name  string    `json:"name" as:"Name"`
	Note  *string   `json:"note" doc:"null for none"`
	Nick  *string   `json:"nick,omitempty" like:"Name"`
	Kind  string    `json:"kind,omitempty" schema:"enum=small|large,x-enum-varnames=SMALL|LARGE"`
	Made  web.Time  `json:"made"`
	Other *kindJSON `json:"other"`
}

type kindJSON struct {
	Good bool `json:"good" schema:"const=true"`
}

const longestName = 7

func small() endpoint.Surface {
	taken := web.Refuse(409, "TAKEN", "It is taken.")
	return endpoint.Surface{
		Title: "t", Headers: []*endpoint.Header{endpoint.RequestID("id"), endpoint.NoStore},
		Schemas: map[string]endpoint.Schema{"Name": {"type": "string", "maxLength": longestName}},
		Errors:  endpoint.Shape{Type: "application/json", Body: func(e *web.Error) any { return errorJSON{e.Code} }, Code: "code"},
		Everywhere: &endpoint.Guard{
			Answers: []*endpoint.Answer{{Component: "Conflict", Status: 409, Text: "c", Errors: []*web.Error{web.Refuse(409, "BUSY", "b")}}},
			Body:    []*endpoint.Answer{{Component: "TooLarge", Status: 413, Text: "l", Errors: []*web.Error{web.BodyTooLarge(1)}}},
		},
		Endpoints: []endpoint.Endpoint{
			{Method: "GET", Path: "/thing", ID: "getThing", NoHead: true, Guard: &endpoint.Guard{Headers: []*endpoint.Header{{Name: "X-Of-The-Guard", Schema: endpoint.Schema{"type": "string"}}}}, Doc: &endpoint.Doc{Tag: "a", Row: "200 the thing",
				Answers: []*endpoint.Answer{{Status: 200, Text: "d", Examples: []endpoint.Example{{Name: "one", Value: thingJSON{Name: "x"}}}}}}},
			{Method: "POST", Path: "/thing", ID: "makeThing", Short: "/t", ShortID: "make", Doc: &endpoint.Doc{Tag: "a", Row: "201",
				Body: &endpoint.Body{Examples: []endpoint.Example{{Name: "one", Value: kindJSON{true}}}}, Errors: []*web.Error{taken}}},
		},
	}
}

func TestTheDocumentMatchesTheTable(t *testing.T) {
	first, err := Document(small())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Document(small()); err != nil || !bytes.Equal(first, again) {
		t.Errorf("the same table gives another document: %v", err)
	}
	contract, err := openapitest.Load(first)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(contract.Routes(), " "); got != "GET /thing POST /t POST /thing" {
		t.Errorf("got routes %s", got)
	}
	for _, tt := range []struct {
		route  string
		status int
		want   bool
	}{{"GET /thing", 409, true}, {"GET /thing", 413, false}, {"POST /t", 413, true}} {
		if got := contract.Has(tt.route, tt.status); got != tt.want {
			t.Errorf("%s: has %d: %t, want %t", tt.route, tt.status, got, tt.want)
		}
	}
	var doc struct {
		Components struct{ Schemas map[string]any }
		Paths      map[string]map[string]struct{ Responses map[string]json.RawMessage }
	}
	if err := json.Unmarshal(first, &doc); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Name": `{"maxLength":7,"type":"string"}`,
		"Kind": `{"examples":[{"good":true}],"properties":{"good":{"const":true,"type":"boolean"}},"required":["good"],"type":"object"}`,
		"Thing": `{"additionalProperties":true,"description":"A thing","examples":[{"made":"0001-01-01T00:00:00.000Z","name":"x","note":null,"other":null}],` +
			`"properties":{"kind":{"enum":["small","large"],"type":"string","x-enum-varnames":["SMALL","LARGE"]},"made":{"$ref":"#/components/schemas/Time"},"name":{"$ref":"#/components/schemas/Name"},"nick":{"maxLength":7,"type":["string","null"]},` +
			`"note":{"description":"null for none","type":["string","null"]},"other":{"oneOf":[{"$ref":"#/components/schemas/Kind"},{"type":"null"}]}},` +
			`"required":["name","note","made","other"],"type":"object"}`,
	} {
		if got, _ := json.Marshal(doc.Components.Schemas[name]); string(got) != want {
			t.Errorf("%s: got  %s\nwant %s", name, got, want)
		}
	}
	if conflict := string(doc.Paths["/t"]["post"].Responses["409"]); !strings.Contains(conflict, "BUSY") || !strings.Contains(conflict, "TAKEN") {
		t.Errorf("got %s, want the codes of the guard and of the endpoint", conflict)
	}
	for status, want := range map[string]bool{"200": true, "409": false} {
		if got := strings.Contains(string(doc.Paths["/thing"]["get"].Responses[status]), "X-Of-The-Guard"); got != want {
			t.Errorf("%s: has the header of the guard: %t, want %t", status, got, want)
		}
	}
	if conflict := string(doc.Paths["/thing"]["get"].Responses["409"]); !strings.Contains(conflict, "components/responses/Conflict") {
		t.Errorf("got %s, want the shared answer", conflict)
	}
}

// TestGeneratorsOfClientsUnderstand what would be left out of a client without a schema, or
// would give it a type for each operation and status.
func TestGeneratorsOfClientsUnderstand(t *testing.T) {
	s := small()
	busy := &endpoint.Answer{Component: "Busy", Status: 503, Text: "b", Types: []string{"*/*"}, Errors: []*web.Error{web.Refuse(503, "BUSY", "b")}}
	s.Endpoints = append(s.Endpoints, endpoint.Endpoint{Method: "POST", Path: "/any", ID: "any", Doc: &endpoint.Doc{
		Body:    &endpoint.Body{Examples: []endpoint.Example{{Name: "JSON", Value: map[string]any{"a": 1}}}, Also: map[string][]endpoint.Example{"application/octet-stream": nil}},
		Answers: []*endpoint.Answer{busy, {Text: "d", Types: []string{"*/*", "application/octet-stream", "text/css"}}},
	}})
	document, err := Document(s)
	if err != nil {
		t.Fatal(err)
	}
	contract, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	op := contract.Paths.Value("/any").Post
	for _, tt := range []struct {
		name    string
		content openapi3.Content
		want    map[string]string
	}{
		{"a body of any type", op.RequestBody.Value.Content, map[string]string{"application/json": `{"type":"object"}`, "application/octet-stream": `{"format":"binary","type":"string"}`}},
		{"an answer of any type", op.Responses.Default().Value.Content, map[string]string{"*/*": "null", "application/octet-stream": `{"format":"binary","type":"string"}`, "text/css": `{"type":"string"}`}},
		{"a refusal of ours or of another server", op.Responses.Status(503).Value.Content, map[string]string{"*/*": "null", "application/json": `{"anyOf":[{"$ref":"#/components/schemas/Busy"},{}]}`}},
		{"a refusal of several endpoints", op.Responses.Status(409).Value.Content, map[string]string{"application/json": `{"$ref":"#/components/schemas/Conflict"}`}},
	} {
		got := map[string]string{}
		for kind, media := range tt.content {
			text, _ := json.Marshal(media.Schema)
			got[kind] = string(text)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	conflict, _ := json.Marshal(contract.Components.Schemas["Conflict"])
	if want := `{"allOf":[{"$ref":"#/components/schemas/Error"},{"properties":{"code":{"enum":["BUSY"]}}}]}`; string(conflict) != want {
		t.Errorf("got %s, want %s", conflict, want)
	}
}

// TestASharedAnswerHasANameOfItsOwn: it may not be that of a type.
func TestASharedAnswerHasANameOfItsOwn(t *testing.T) {
	s := small()
	s.Everywhere.Answers[0].Component = "Error"
	defer func() {
		if recover() == nil {
			t.Error("two schemas share a name")
		}
	}()
	_, err := Document(s)
	t.Errorf("got error %v, want a panic", err)
}

func TestRows(t *testing.T) {
	if got, want := Rows(small().Endpoints), "| method and path | success |\n|---|---|\n| `GET /thing` | 200 the thing |\n| `POST /thing` | 201 |\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := RowsOfTwo(small().Endpoints); !strings.HasSuffix(got, "| GET | | `/thing` | 200 the thing |\n| POST | `/t` | `/thing` | 201 |\n") {
		t.Errorf("got %q", got)
	}
	got := ErrorTable([]Refusals{{"it is gone", []*web.Error{web.Refuse(404, "A", ""), web.Refuse(404, "B", ""), web.Refuse(410, "A", "")}}})
	if !strings.HasSuffix(got, "| 404 410 | `A` `B` | it is gone |\n") {
		t.Errorf("got %q", got)
	}
}

// TestAStaleFileFails: a file that was edited by hand, or not generated again.
func TestAStaleFileFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte("a\n<!-- generated by `c`: rows -->\nold\n<!-- end of rows -->\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for rows, stale := range map[string]bool{"old\n": false, "new\n": true} {
		tb := &failed{TB: t}
		HoldTable(tb, path, "rows", rows, "c")
		if tb.failed != stale {
			t.Errorf("rows %q: failed: %t, want %t", rows, tb.failed, stale)
		}
	}
	*update = true
	defer func() { *update = false }()
	HoldTable(t, path, "rows", "new\n", "c")
	if got, err := os.ReadFile(path); err != nil || string(got) != "a\n<!-- generated by `c`: rows -->\nnew\n<!-- end of rows -->\nb\n" {
		t.Errorf("got %s %v", got, err)
	}
}

// failed records that a test would have failed.
type failed struct {
	testing.TB
	failed bool
}

func (f *failed) Errorf(string, ...any) { f.failed = true }
