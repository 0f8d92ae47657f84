package web

import "fmt"

// The most that a body may consist of. Whoever parses JSON keeps something of each
// value, which may take a hundred times the two bytes that it was sent in, and a frame
// of each level. No request here has more than a dozen members and two levels; the
// rest is room for what clients add, which is passed over or refused by its name.
const (
	maxValues = 100 // members and elements of arrays, at all levels together
	maxDepth  = 20  // levels of objects and arrays
)

// scan refuses a body that has more than that, or a NUL, in one pass that keeps
// nothing, so that no parser sees it. What it says of a valid body is true; whether
// the body is valid, the parser says.
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
			values++ // the first within; the empty ones count as one too
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

// scanString returns where the string ends whose text begins at i: at its quote, or
// past the body. nul says whether U+0000 is in it, which has but this one spelling.
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
