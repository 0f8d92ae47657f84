package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// What ParseObject keeps out. Two parsers must never read one body differently,
// so everything that parsers disagree about is refused: duplicate names, however
// they are escaped, trailing data, invalid UTF-8, lone surrogates, a null in place
// of an object. A name in another case is another name.
// NUL is valid in JSON but not in PostgreSQL's text, so it is refused here for
// both databases.
//
// A byte order mark before the object, as some editors and shells on Windows write
// it, is passed over (RFC 8259 §8.1 allows that). It is no second reading: a parser
// that knows it reads this object, and one that does not refuses the whole.

// maxFaults is how many faults of one body are reported: a body of a hundred
// thousand unknown fields is not worth an answer of megabytes.
const maxFaults = 50

// maxName is how much of a name that we have not given is repeated, in bytes: the
// answer to a name of a megabyte is not to be one.
const maxName = 100

func shortened(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(name[:maxName], "") + "…"
}

// Object is a JSON object as it was received. Its accessors collect what is
// wrong with each member, so that all of it is reported at once.
type Object struct {
	members map[string]jsontext.Value
	names   []string // as received
	asked   map[string]bool
	faults  []FieldError
}

// ParseObject reads one JSON object strictly. Its errors are 400.
func ParseObject(body []byte) (*Object, error) {
	if rest, marked := bytes.CutPrefix(body, []byte("\ufeff")); marked {
		body = append([]byte("   "), rest...) // as long, so that faults are where they were sent
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, badJSON("The request body is empty; a JSON object is expected.")
	}
	// The decoder refuses duplicate names and invalid UTF-8 by itself.
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	o := &Object{members: map[string]jsontext.Value{}, asked: map[string]bool{}}
	if err := o.parse(dec); err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, badJSON("The request body has data after its JSON object.")
	}
	return o, nil
}

func (o *Object) parse(dec *jsontext.Decoder) error {
	start, err := dec.ReadToken()
	if err != nil {
		return syntax(err)
	}
	if start.Kind() != '{' {
		return badJSON("The request body must be a JSON object, not " + kindName(start.Kind()) + ".")
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return syntax(err)
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return syntax(err)
		}
		value = value.Clone()
		if strings.ContainsRune(key, 0) || hasNUL(value) {
			return badJSON("The request body contains a NUL character (\\u0000).")
		}
		o.names = append(o.names, key)
		o.members[key] = value
	}
	if _, err := dec.ReadToken(); err != nil {
		return syntax(err)
	}
	return nil
}

func syntax(cause error) *Error {
	var at *jsontext.SyntacticError
	if !errors.As(cause, &at) {
		return badJSON("Invalid JSON in request body").Because(cause)
	}
	message := fmt.Sprintf("Invalid JSON in request body, at byte %d", at.ByteOffset)
	if errors.Is(at.Err, jsontext.ErrDuplicateName) {
		message += ": this name was used before"
	}
	// To the log without its JSON pointer, which consists of the body's names.
	return badJSON(message).Because(at.Err)
}

// hasNUL looks for U+0000 in any string of a valid JSON value, names included.
func hasNUL(value jsontext.Value) bool {
	if !bytes.Contains(value, []byte(`\u0000`)) {
		return false
	}
	dec := jsontext.NewDecoder(bytes.NewReader(value))
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return false // the end: the value was valid
		}
		if token.Kind() == '"' && strings.ContainsRune(token.String(), 0) {
			return true
		}
	}
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "boolean"
	case '"':
		return "string"
	case '0':
		return "number"
	case '{':
		return "object"
	case '[':
		return "array"
	}
	return "undefined"
}

// Reject records that a member is not acceptable.
func (o *Object) Reject(name, message string) {
	if len(o.faults) < maxFaults {
		o.faults = append(o.faults, FieldError{Field: name, Message: message})
	}
}

// Faults returns everything that was recorded, in the order found.
func (o *Object) Faults() []FieldError { return o.faults }

// Has says whether the member is there, even as null.
func (o *Object) Has(name string) bool {
	o.asked[name] = true
	_, ok := o.members[name]
	return ok
}

// IsNull says whether the member is there and null.
func (o *Object) IsNull(name string) bool {
	return o.Has(name) && o.members[name].Kind() == 'n'
}

// String returns a member that must be a string. ok is false, with the fault
// recorded, when it is absent or something else.
func (o *Object) String(name string) (s string, ok bool) {
	if !o.expect(name, "string", '"') {
		return "", false
	}
	text, err := jsontext.AppendUnquote(nil, o.members[name])
	return string(text), err == nil // of a string that was read, always nil
}

// Bool returns a member that must be true or false, like String.
func (o *Object) Bool(name string) (b, ok bool) {
	if !o.expect(name, "boolean", 't', 'f') {
		return false, false
	}
	return o.members[name].Kind() == 't', true
}

func (o *Object) expect(name, want string, kinds ...jsontext.Kind) bool {
	o.asked[name] = true
	got := o.members[name].Kind() // of an absent member: invalid, "undefined"
	for _, k := range kinds {
		if got == k {
			return true
		}
	}
	o.Reject(name, "expected "+want+", received "+kindName(got))
	return false
}

// RejectUnknown records every member that no accessor has asked for and that
// is not in ignored.
func (o *Object) RejectUnknown(ignored ...string) {
	for _, name := range ignored {
		o.asked[name] = true
	}
	for _, name := range o.names {
		if !o.asked[name] {
			o.Reject(shortened(name), "unknown field")
		}
	}
}
