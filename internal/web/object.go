package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ParseObject refuses everything that JSON parsers disagree about, so that two parsers
// never read one body differently: duplicate names in any escaping, trailing data, invalid
// UTF-8, lone surrogates, null instead of an object. Names are case-sensitive. NUL is valid
// in JSON but not in PostgreSQL's text, so it is refused for both databases.
//
// A byte order mark before the object is skipped; some editors and shells on Windows write
// it (RFC 8259 §8.1 allows this). It is safe: a parser that knows the mark reads the same
// object, and another refuses the body.

// maxFaults is the number of faults that are reported for one body.
const maxFaults = 50

// maxName is how much of an unknown name is repeated, in bytes. A name of a megabyte must
// not make an answer of a megabyte.
const maxName = 100

func shortened(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(name[:maxName], "") + "…"
}

// Object is a JSON object as received. Its accessors collect the faults of all members, so
// that they are reported at once.
type Object struct {
	members []member // in the order received; no two have the same name
	faults  []FieldError
}

// member refers to the body. It is not a copy.
type member struct {
	name  string
	value jsontext.Value
	asked bool
}

const byteOrderMark = "\ufeff"

// ParseObject reads one JSON object strictly. Its errors are 400. The caller must not use
// the body afterwards: the object refers to it.
func ParseObject(body []byte) (*Object, error) {
	if bytes.HasPrefix(body, []byte(byteOrderMark)) {
		copy(body, "   ") // the same length, so that reported positions stay right
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, BadJSON("The request body is empty; a JSON object is expected.")
	}
	if err := scan(body); err != nil {
		return nil, err
	}
	// The decoder refuses duplicate names and invalid UTF-8 by itself. It reads a
	// bytes.Buffer in place, and would copy any other reader.
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	o := &Object{}
	if err := o.parse(dec, body); err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, BadJSON("The request body has data after its JSON object.")
	}
	return o, nil
}

func (o *Object) parse(dec *jsontext.Decoder, body []byte) error {
	start, err := dec.ReadToken()
	if err != nil {
		return syntax(err)
	}
	if start.Kind() != '{' {
		return BadJSON("The request body must be a JSON object, not " + kindName(start.Kind()) + ".")
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return syntax(err)
		}
		m := member{name: name.String()}
		value, err := dec.ReadValue()
		if err != nil {
			return syntax(err)
		}
		end := int(dec.InputOffset()) // value itself is valid only until the next read
		m.value = body[end-len(value) : end]
		o.members = append(o.members, m)
	}
	if _, err := dec.ReadToken(); err != nil {
		return syntax(err)
	}
	return nil
}

func syntax(cause error) *Error {
	var at *jsontext.SyntacticError
	if !errors.As(cause, &at) {
		return BadJSON("Invalid JSON in request body").Because(cause)
	}
	message := fmt.Sprintf("Invalid JSON in request body, at byte %d", at.ByteOffset)
	if errors.Is(at.Err, jsontext.ErrDuplicateName) {
		message += ": this name was used before"
	}
	// The log gets the error without its JSON pointer, which contains names from the body.
	return BadJSON(message).Because(at.Err)
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

// Reject records that a member is invalid.
func (o *Object) Reject(name, message string) {
	if len(o.faults) < maxFaults {
		o.faults = append(o.faults, FieldError{Field: name, Message: message})
	}
}

// Faults returns everything that was recorded, in the order found.
func (o *Object) Faults() []FieldError { return o.faults }

// of returns the named member, or nil, and marks it as asked for.
func (o *Object) of(name string) *member {
	for i := range o.members {
		if m := &o.members[i]; m.name == name {
			m.asked = true
			return m
		}
	}
	return nil
}

// Has reports whether the member is present, even as null.
func (o *Object) Has(name string) bool { return o.of(name) != nil }

// IsNull reports whether the member is present and null.
func (o *Object) IsNull(name string) bool {
	m := o.of(name)
	return m != nil && m.value.Kind() == 'n'
}

// String returns a member that must be a string. ok is false, with the fault
// recorded, when it is absent or something else.
func (o *Object) String(name string) (s string, ok bool) {
	value, ok := o.expect(name, "string", '"')
	if !ok {
		return "", false
	}
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), true // no escapes
	}
	text, err := jsontext.AppendUnquote(make([]byte, 0, len(value)), value)
	return string(text), err == nil // err is always nil for a string that was parsed
}

// Bool returns a member that must be true or false, like String.
func (o *Object) Bool(name string) (b, ok bool) {
	value, ok := o.expect(name, "boolean", 't', 'f')
	return ok && value.Kind() == 't', ok
}

func (o *Object) expect(name, want string, kinds ...jsontext.Kind) (value jsontext.Value, ok bool) {
	if m := o.of(name); m != nil {
		value = m.value
	}
	got := value.Kind() // invalid for an absent member: "undefined"
	if slices.Contains(kinds, got) {
		return value, true
	}
	o.Reject(name, "expected "+want+", received "+kindName(got))
	return nil, false
}

// RejectUnknown records every member that no accessor asked for and that is not in ignored.
func (o *Object) RejectUnknown(ignored ...string) {
	for _, m := range o.members {
		if !m.asked && !slices.Contains(ignored, m.name) {
			o.Reject(shortened(m.name), "unknown field")
		}
	}
}
