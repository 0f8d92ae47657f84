// Package openapitest checks answers against an OpenAPI document. It is for tests only.
//
// It is stricter than the document: an answer may have no header and no member without a
// description. Clients must expect new ones, but without this check nobody would notice an
// outdated description.
package openapitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Contract is a document, and the answers that were seen so far.
type Contract struct {
	doc        *openapi3.T
	operations []*operation
	elsewhere  map[int]*openapi3.Response // answers to paths without an operation
	schemas    *schemas

	mu   sync.Mutex
	seen map[string]bool // "GET /path 200"
}

// Load reads a document and checks that it is complete and that its examples fit their
// schemas.
func Load(document []byte) (*Contract, error) {
	var tree any
	if err := json.Unmarshal(document, &tree); err != nil {
		return nil, err
	}
	if err := checkNames(document); err != nil {
		return nil, err
	}
	closeObjects(tree)
	closed, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	c := &Contract{seen: map[string]bool{}, elsewhere: map[int]*openapi3.Response{}}
	if c.doc, err = openapi3.NewLoader().LoadFromData(closed); err != nil {
		return nil, err
	}
	if err := checkDocument(c.doc); err != nil {
		return nil, err
	}
	if c.schemas, err = newSchemas(tree); err != nil {
		return nil, err
	}
	if err := c.schemas.checkExamples(tree, ""); err != nil {
		return nil, err
	}
	for path, item := range c.doc.Paths.Map() {
		for method, op := range item.Operations() {
			except, _ := op.Extensions[exceptExtension].(string)
			c.operations = append(c.operations, &operation{
				method: method, path: path, segments: strings.Split(path, "/"), rest: op.Extensions[passExtension] == true, except: except, op: op,
			})
		}
	}
	// If two operations fit, the one with fewer parameters counts. One that takes the rest
	// of a path counts last.
	slices.SortFunc(c.operations, func(a, b *operation) int {
		if a.rest != b.rest {
			return map[bool]int{false: -1, true: 1}[a.rest]
		}
		if d := strings.Count(a.path, "{") - strings.Count(b.path, "{"); d != 0 {
			return d
		}
		return strings.Compare(a.name(), b.name())
	})
	statuses, _ := c.doc.Extensions[elsewhereExtension].(map[string]any)
	for status, name := range statuses {
		code, err := strconv.Atoi(status)
		response := c.doc.Components.Responses[fmt.Sprint(name)]
		if err != nil || response == nil {
			return nil, fmt.Errorf("%s: %s is not a status, or %v is not a response component", elsewhereExtension, status, name)
		}
		c.elsewhere[code] = response.Value
	}
	return c, nil
}

// MustLoad is Load for variables of test packages.
func MustLoad(document []byte) *Contract {
	c, err := Load(document)
	if err != nil {
		panic(err)
	}
	return c
}

// Routes lists the methods and paths of the document, "GET /x", HEAD included.
func (c *Contract) Routes() []string {
	var list []string
	for _, o := range c.operations {
		list = append(list, o.name())
		if o.method == http.MethodGet && o.op.Extensions[headExtension] != false {
			list = append(list, http.MethodHead+" "+o.path)
		}
	}
	slices.Sort(list)
	return list
}

// Unseen lists the answers that the document promises and that no test has received, as
// "GET /x 404".
func (c *Contract) Unseen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, o := range c.operations {
		for status := range o.op.Responses.Map() {
			if one := o.name() + " " + status; !c.seen[one] {
				list = append(list, one)
			}
		}
	}
	slices.Sort(list)
	return list
}

func (c *Contract) saw(o *operation, status string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[o.name()+" "+status] = true
}

// Answer is an answer as received.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Cut    bool // Body is incomplete
}

// Check returns how the answer to r differs from the document.
func (c *Contract) Check(r *http.Request, a Answer) error {
	o := c.find(r.Method, r.URL.EscapedPath())
	if o == nil {
		response := c.elsewhere[a.Status]
		if response == nil {
			return fmt.Errorf("%s %s: the document has no such operation, and no %d for unknown operations", r.Method, r.URL.Path, a.Status)
		}
		return describe(r, a, a.check(r, response, false, c.schemas))
	}
	status := strconv.Itoa(a.Status)
	found := o.op.Responses.Value(status)
	if found == nil {
		status, found = "default", o.op.Responses.Default()
	}
	if found == nil {
		return describe(r, a, fmt.Errorf("the document has no such status for %s", o.name()))
	}
	c.saw(o, status)
	return describe(r, a, a.check(r, found.Value, o.rest, c.schemas))
}

func describe(r *http.Request, a Answer, err error) error {
	if err == nil {
		return nil
	}
	body := bytes.TrimSpace(a.Body)
	return fmt.Errorf("%s %s: answer %d: %w\n%.300s", r.Method, r.URL.EscapedPath(), a.Status, err, body)
}

// Body returns an example of the JSON body of an operation, "POST /x". It is "" if the
// operation has none.
func (c *Contract) Body(tb testing.TB, route string) string {
	tb.Helper()
	for _, o := range c.operations {
		if o.name() != route || o.op.RequestBody == nil {
			continue
		}
		media := o.op.RequestBody.Value.Content["application/json"]
		if media == nil {
			return ""
		}
		for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
			body, err := json.Marshal(media.Examples[name].Value.Value)
			if err != nil {
				tb.Fatal(err)
			}
			return string(body)
		}
	}
	return ""
}

// Has reports whether an operation, "GET /x", describes a status.
func (c *Contract) Has(route string, status int) bool {
	for _, o := range c.operations {
		if o.name() == route {
			return o.op.Responses.Status(status) != nil
		}
	}
	return false
}
