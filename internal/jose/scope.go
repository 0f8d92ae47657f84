package jose

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// IsScope reports whether word is one scope: printable ASCII without space, quotation mark
// and backslash (scope-token of RFC 6749 §3.3).
func IsScope(word string) bool {
	return word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !Quotable(r) || r == ' ' })
}

// Scopes reads a scope claim (RFC 8693 §4.2): words separated by spaces. Some issuers write
// an array. It is refused, because its meaning would be a guess.
func Scopes(claim jsontext.Value) ([]string, error) {
	text, ok := Text(claim)
	if !ok {
		return nil, errors.New("scope is not a string")
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' })
	if slices.ContainsFunc(words, func(word string) bool { return !IsScope(word) }) {
		return nil, errors.New("scope has an invalid character")
	}
	return words, nil
}
