package web

import "fmt"

// Limits of a body. A JSON parser keeps something for each value, which may take a hundred
// times the two bytes of the value, and a frame for each level. No request here has more
// than a dozen members and two levels. The rest is room for unknown members, which are
// ignored or refused by name.
const (
	maxValues = 100 // members and elements of arrays, at all levels together
	maxDepth  = 20  // levels of objects and arrays
)

// scan refuses a body that is over these limits or contains a NUL. It needs one pass and no
// memory, so such a body never reaches the parser. It does not check that the body is valid
// JSON: the parser does.
func scan(body []byte) error {
	values, depth := 0, 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			end, nul := scanString(body, i+1)
			if nul {
				return BadJSON("The request body contains a NUL character (\\u0000).")
			}
			i = end
		case '{', '[':
			depth++
			values++ // for the first element; an empty object or array counts as one too
		case '}', ']':
			depth--
		case ',':
			values++
		}
		if values > maxValues {
			return BadJSON(fmt.Sprintf("The request body has more than %d members and elements.", maxValues))
		}
		if depth > maxDepth {
			return BadJSON(fmt.Sprintf("The request body has more than %d levels of objects and arrays.", maxDepth))
		}
	}
	return nil
}

// scanString returns where the string with the text at i ends: at its quote, or past the
// body. nul reports whether it contains U+0000, which has only this one spelling.
func scanString(body []byte, i int) (end int, nul bool) {
	for ; i < len(body) && body[i] != '"'; i++ {
		if body[i] != '\\' {
			continue
		}
		if i++; i+4 < len(body) && string(body[i:i+5]) == "u0000" {
			return i, true
		}
	}
	return i, false
}
