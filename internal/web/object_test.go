package web

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func TestAByteOrderMarkIsPassedOver(t *testing.T) {
	o, err := ParseObject([]byte("\ufeff{\"a\":\"\ufeffb\"}"))
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := o.String("a"); !ok || a != "\ufeffb" {
		t.Errorf("got %q, want what is inside as it was sent", a)
	}
	_, marked := ParseObject([]byte("\ufeff{\"a\":x}"))
	_, plain := ParseObject([]byte("   {\"a\":x}"))
	if marked == nil || plain == nil || marked.Error() != plain.Error() {
		t.Errorf("got %v, want the fault at the same position: %v", marked, plain)
	}
}

func TestBodiesThatParsersReadDifferentlyAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"empty":                           "",
		"white space":                     " \r\n\t",
		"null":                            "null",
		"an array":                        `[{"a":1}]`,
		"a string":                        `"a"`,
		"a number":                        "1",
		"true":                            "true",
		"two byte order marks":            "\ufeff\ufeff{}",
		"a byte order mark alone":         "\ufeff",
		"a byte order mark of UTF-16":     "\xff\xfe{}",
		"a byte order mark after a space": " \ufeff{}",
		"a byte order mark at the end":    "{}\ufeff",
		"UTF-16":                          "{\x00}\x00",
		"trailing data":                   `{} x`,
		"a second object":                 `{}{}`,
		"a trailing comma":                `{"a":1,}`,
		"a trailing NUL":                  "{}\x00",
		"a trailing brace":                `{}}`,
		"unfinished":                      `{"a":1`,
		"unfinished string":               `{"a":"`,
		"a comment":                       `{/**/"a":1}`,
		"single quotes":                   `{'a':1}`,
		"a name without quotes":           `{a:1}`,
		"NaN":                             `{"a":NaN}`,
		"a leading zero":                  `{"a":01}`,
		"a leading plus":                  `{"a":+1}`,
		"hexadecimal":                     `{"a":0x1}`,
		"a number that ends in a point":   `{"a":1.}`,
		"a duplicate":                     `{"a":1,"a":1}`,
		"a duplicate in another escaping": `{"a":1,"\u0061":1}`,
		"a duplicate of an escape":        `{"\/":1,"/":1}`,
		"a duplicate within":              `{"a":[{"b":{"c":1,"c":1}}]}`,
		"a duplicate empty name":          `{"":1,"":1}`,
		"a lone high surrogate":           `{"a":"\ud800"}`,
		"a lone low surrogate":            `{"a":"\udc00"}`,
		"two high surrogates":             `{"a":"\ud800\ud800"}`,
		"a lone surrogate in a name":      `{"\ud800":1}`,
		"a lone surrogate within":         `{"a":[{"b":"\ud800x"}]}`,
		"invalid UTF-8":                   "{\"a\":\"\xff\"}",
		"invalid UTF-8 in a name":         "{\"\xff\":1}",
		"an overlong encoding":            "{\"a\":\"\xc0\x80\"}",
		"a surrogate in UTF-8":            "{\"a\":\"\xed\xa0\x80\"}",
		"NUL":                             `{"a":"b\u0000c"}`,
		"NUL in a name":                   `{"a\u0000":1}`,
		"NUL within":                      `{"a":[{"b":"\u0000"}]}`,
		"NUL in a name within":            `{"a":{"\u0000":1}}`,
		"a raw NUL":                       "{\"a\":\"\x00\"}",
		"a raw control character":         "{\"a\":\"\n\"}",
		"an unknown escape":               `{"a":"\x41"}`,
		"an unfinished escape":            `{"a":"\u00"}`,
		"too deep":                        `{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}",
		"too deep and unfinished":         strings.Repeat(`{"a":`, 100_000),
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := ParseObject([]byte(body))
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Status != http.StatusBadRequest || refusal.Code != "BAD_REQUEST" {
				t.Fatalf("got %v, %v, want a 400", o, err)
			}
		})
	}
}

func TestARefusalDoesNotRepeatTheBody(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"hunter2":1,"hunter2":1}`,
		`{"a":{"hunter2":nil}}`,
		`{"password":"hunter2\ud800"}`,
		`{"password":"hunter2\u0000"}`,
		`{"password":hunter2}`,
		`{} "hunter2"`,
	} {
		_, err := ParseObject([]byte(body))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error without the body's text", body, err)
		}
	}
}

func TestAnObjectIsReadAsItWasSent(t *testing.T) {
	t.Parallel()
	o, err := ParseObject([]byte(` {"title":"a\u00e4\ud83d\ude00\\u0000\n","Title":"other","done":true,"undone":false,"none":null,` +
		`"huge":1e999999,"deep":[[{"x":{}}]],"":"empty name"} `))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := o.String("title"); !ok || got != "aä😀\\u0000\n" {
		t.Errorf("got title %q, %t", got, ok)
	}
	if got, ok := o.String(""); !ok || got != "empty name" {
		t.Errorf("got %q, %t for the empty name", got, ok)
	}
	if got, ok := o.Bool("done"); !ok || !got {
		t.Errorf("got done %t, %t", got, ok)
	}
	if got, ok := o.Bool("undone"); !ok || got {
		t.Errorf("got undone %t, %t", got, ok)
	}
	if !o.Has("none") || !o.IsNull("none") || o.Has("absent") || o.IsNull("absent") || o.IsNull("title") {
		t.Error("got presence and null wrong")
	}
	if got := o.Faults(); len(got) > 0 {
		t.Errorf("got faults %v, want none", got)
	}
	o.RejectUnknown("huge", "absent too")
	want := []FieldError{{"Title", "unknown field"}, {"deep", "unknown field"}}
	if got := o.Faults(); !reflect.DeepEqual(got, want) {
		t.Errorf("got faults %v, want %v", got, want)
	}
}

func TestALongNameIsNotRepeatedWhole(t *testing.T) {
	t.Parallel()
	o, err := ParseObject([]byte(`{"` + strings.Repeat("é", 500_000) + `":1}`))
	if err != nil {
		t.Fatal(err)
	}
	o.RejectUnknown()
	if got, want := o.Faults()[0].Field, strings.Repeat("é", 50)+"…"; got != want {
		t.Errorf("got %d bytes, want %q", len(got), want)
	}
}

func TestFaultsNameWhatWasExpectedAndReceived(t *testing.T) {
	t.Parallel()
	o, err := ParseObject([]byte(`{"n":1,"s":"x","o":{},"a":[],"b":true,"z":null}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"n", "o", "a", "b", "z", "absent"} {
		if got, ok := o.String(name); ok || got != "" {
			t.Errorf("got %q from %s as a string", got, name)
		}
	}
	if got, ok := o.Bool("s"); ok || got {
		t.Errorf("got %t from a string as a boolean", got)
	}
	o.Reject("s", "is too short")
	var got []string
	for _, f := range o.Faults() {
		got = append(got, f.Field+" "+f.Message)
	}
	want := []string{
		"n expected string, received number", "o expected string, received object", "a expected string, received array",
		"b expected string, received boolean", "z expected string, received null", "absent expected string, received undefined",
		"s expected boolean, received string", "s is too short",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	body.WriteString(`{"x":0`)
	for i := range maxValues - 1 {
		fmt.Fprintf(&body, `,"%d":0`, i)
	}
	body.WriteString("}")
	o, err := ParseObject([]byte(body.String()))
	if err != nil {
		t.Fatal(err)
	}
	o.RejectUnknown()
	if got := len(o.Faults()); got != maxFaults {
		t.Errorf("got %d faults, want %d", got, maxFaults)
	}
}
