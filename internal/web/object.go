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

// maxFaults is how many faults of one body are reported.
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
	members []member // in the order received; no two have the same name
	faults  []FieldError
}

// member refers to the body, of which it is no copy.
type member struct {
	name  string
	value jsontext.Value
	asked bool
}

const byteOrderMark = "\ufeff"

// ParseObject reads one JSON object strictly. Its errors are 400. The body belongs to
// the object from then on.
func ParseObject(body []byte) (*Object, error) {
	if bytes.HasPrefix(body, []byte(byteOrderMark)) {
		copy(body, "   ") // as long, so that faults are where they were sent
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, BadJSON("The request body is empty; a JSON object is expected.")
	}
	if err := scan(body); err != nil {
		return nil, err
	}
	// The decoder refuses duplicate names and invalid UTF-8 by itself. It reads this
	// buffer where it is; of any other reader it makes a copy.
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	o := &Object{}
	if err := o.parse(dec, body); err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
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
		end := int(dec.InputOffset()) // the value itself is the decoder's, until it reads on
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
	// To the log without its JSON pointer, which consists of the body's names.
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

// Reject records that a member is not acceptable.
func (o *Object) Reject(name, message string) {
	if len(o.faults) < maxFaults {
		o.faults = append(o.faults, FieldError{Field: name, Message: message})
	}
}

// Faults returns everything that was recorded, in the order found.
func (o *Object) Faults() []FieldError { return o.faults }

// of returns the member with a name, or nil, and notes that it was asked for.
func (o *Object) of(name string) *member {
	for i := range o.members {
		if m := &o.members[i]; m.name == name {
			m.asked = true
			return m
		}
	}
	return nil
}

// Has says whether the member is there, even as null.
func (o *Object) Has(name string) bool { return o.of(name) != nil }

// IsNull says whether the member is there and null.
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
		return string(inner), true // as it stands
	}
	text, err := jsontext.AppendUnquote(make([]byte, 0, len(value)), value)
	return string(text), err == nil // of a string that was read, always nil
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
	got := value.Kind() // of an absent member: invalid, "undefined"
	if slices.Contains(kinds, got) {
		return value, true
	}
	o.Reject(name, "expected "+want+", received "+kindName(got))
	return nil, false
}

// RejectUnknown records every member that no accessor has asked for and that
// is not in ignored.
func (o *Object) RejectUnknown(ignored ...string) {
	for _, m := range o.members {
		if !m.asked && !slices.Contains(ignored, m.name) {
			o.Reject(shortened(m.name), "unknown field")
		}
	}
}
