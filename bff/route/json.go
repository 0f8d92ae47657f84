package route

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// node is a JSON value with its place in the text.
type node struct {
	at      int           // offset of its first byte
	kind    jsontext.Kind // n, t, f, ", 0, { or [
	text    string        // of a string: decoded; of a number: as it was written
	items   []node        // of an array
	members []member      // of an object, in the order of the text; a name may be there twice
}

type member struct {
	at   int
	name string
	node
}

// kindName describes a value of the wrong type.
func (n node) kindName() string {
	switch n.kind {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	default:
		return "an array"
	}
}

// maxDepth is how deeply the values of a table are nested: the table, a route, a list and its
// entry. Deeper values are skipped; nobody asks for them.
const maxDepth = 4

// readJSON reads one JSON value. If the text is not one, it returns the place and the reason.
func readJSON(text []byte) (root node, f *Fault) {
	// A member that is there twice is reported with its route. The decoder would end there.
	r := jsonReader{text, jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true))}
	root, err := r.value(1)
	if err != nil {
		return root, r.fault(err)
	}
	end := r.next()
	if _, err := r.dec.ReadToken(); errors.Is(err, io.EOF) {
		return root, nil
	}
	return root, &Fault{offset: end, Problem: "has more text after its array", Cure: "remove it"}
}

type jsonReader struct {
	text []byte
	dec  *jsontext.Decoder
}

// next returns the offset of the next value or name.
func (r jsonReader) next() int {
	at := int(r.dec.InputOffset())
	for at < len(r.text) && strings.IndexByte(" \t\r\n,:", r.text[at]) >= 0 {
		at++
	}
	return at
}

func (r jsonReader) value(depth int) (node, error) {
	n := node{at: r.next()}
	if depth > maxDepth {
		n.kind = r.dec.PeekKind()
		return n, r.dec.SkipValue()
	}
	token, err := r.dec.ReadToken()
	if err != nil {
		return n, err
	}
	switch n.kind = token.Kind(); n.kind {
	case '"', '0':
		n.text = token.String()
	case '[':
		for r.dec.PeekKind() != ']' {
			item, err := r.value(depth + 1)
			if err != nil {
				return n, err
			}
			n.items = append(n.items, item)
		}
		_, err = r.dec.ReadToken()
	case '{':
		for r.dec.PeekKind() != '}' {
			m := member{at: r.next()}
			name, err := r.dec.ReadToken()
			if err != nil {
				return n, err
			}
			m.name = name.String()
			if m.node, err = r.value(depth + 1); err != nil {
				return n, err
			}
			n.members = append(n.members, m)
		}
		_, err = r.dec.ReadToken()
	}
	return n, err
}

// fault describes an error of the decoder.
func (r jsonReader) fault(err error) *Fault {
	var s *jsontext.SyntacticError
	if !errors.As(err, &s) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Fault{offset: len(r.text), Problem: "is not complete: it ends here", Cure: "close its strings, objects and arrays"}
	}
	f := &Fault{offset: min(int(s.ByteOffset), len(r.text)), Problem: "is not valid JSON", Cure: "check the quotes, commas and brackets before this place"}
	if s.Err != nil {
		f.Problem += " (" + s.Err.Error() + ")"
	}
	after := r.text[f.offset:]
	switch {
	case bytes.HasPrefix(after, []byte("/")), bytes.HasPrefix(after, []byte("#")):
		f.Cure = "remove the comment: JSON has none"
	case bytes.HasPrefix(after, []byte("'")):
		f.Cure = `write strings in double quotes, like "path"`
	case bytes.HasPrefix(after, []byte(",")):
		f.Cure = "remove the comma if nothing follows it"
	}
	return f
}
