package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":"b"}`, `{"a":"\u0061\ud83d\ude00\\"}`, `{"a":1,"\u0061":2}`, `{"a":{"b":[1,2.5e3,null,true]}}`, `null`, `{"a":"\ud800"}`,
		`{"a":1}{}`, "\ufeff{}", `{"A":1,"a":2}`, "{\"a\":\"\xff\"}", `{"a":"\u0000"}`, `{"a":"\\u0000"}`, ` {"a" : [ ] } `, `{"a":-0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := ParseObject(bytes.Clone(body))
		if err != nil {
			var refusal *Error
			if o != nil || !errors.As(err, &refusal) || refusal.Status != http.StatusBadRequest {
				t.Fatalf("got %v, %v, want a 400 alone", o, err)
			}
			return
		}
		// encoding/json reads every accepted body the same way, or, because of a byte order
		// mark, not at all.
		dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
		dec.UseNumber()
		var members map[string]any
		if err := dec.Decode(&members); err != nil || dec.More() {
			t.Fatalf("encoding/json reads %q with %v, more: %t", body, err, dec.More())
		}
		if len(members) != len(o.members) {
			t.Fatalf("got %d members, encoding/json %d", len(o.members), len(members))
		}
		for name, want := range members {
			if !o.Has(name) {
				t.Fatalf("encoding/json has %q, ParseObject has not", name)
			}
			switch want := want.(type) {
			case string:
				if got, ok := o.String(name); !ok || got != want {
					t.Fatalf("got %q, %t for %q, encoding/json %q", got, ok, name, want)
				}
			case bool:
				if got, ok := o.Bool(name); !ok || got != want {
					t.Fatalf("got %t, %t for %q, encoding/json %t", got, ok, name, want)
				}
			case nil:
				if !o.IsNull(name) {
					t.Fatalf("%q is not null, encoding/json says it is", name)
				}
			}
			assertClean(t, name, want)
		}
		if faults := o.Faults(); len(faults) > 0 {
			t.Fatalf("got faults %v for members of the right type", faults)
		}
	})
}

// assertClean looks for text that PostgreSQL would refuse.
func assertClean(t *testing.T, name string, value any) {
	t.Helper()
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		t.Fatalf("accepted the name %q", name)
	}
	switch v := value.(type) {
	case string:
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			t.Fatalf("accepted the text %q", v)
		}
	case []any:
		for _, e := range v {
			assertClean(t, "", e)
		}
	case map[string]any:
		for n, e := range v {
			assertClean(t, n, e)
		}
	}
}
