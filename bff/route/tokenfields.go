package route

import (
	"fmt"
	"slices"
	"strings"

	"vestibule/internal/jose"
	"vestibule/internal/values"
)

func (f *fieldReader) session() {
	text, ok := f.string()
	if !ok {
		return
	}
	for _, rule := range []SessionRule{Required, Optional, None} {
		if text == rule.String() {
			f.row.Session = rule
			return
		}
	}
	f.refuse(text, "is unknown", f.form)
}

func (f *fieldReader) audience() {
	text, ok := f.string()
	if !ok {
		return
	}
	if m := values.CheckText(text); m != nil {
		f.refuse(text, m.Problem, m.Cure)
	} else if text == "" {
		f.refuse("", "is empty", f.form)
	}
	f.row.Audience = text
}

func (f *fieldReader) scope() {
	text, ok := f.string()
	if !ok {
		return
	}
	words := strings.Split(text, " ")
	slices.Sort(words)
	switch {
	case slices.Contains(words, ""):
		f.refuse(text, "is empty, or has a space too many", f.form)
	case strings.ContainsFunc(text, func(c rune) bool { return !jose.Quotable(c) }): // RFC 6749 §3.3
		f.refuse(text, "has an invalid character", "use letters, digits and other printable ASCII except \" and \\")
	case len(text) > maxScope:
		f.refuse(text, "is too long", fmt.Sprintf("use at most %d bytes", maxScope))
	case len(slices.Compact(words)) < strings.Count(text, " ")+1:
		f.refuse(text, "has a word twice", "write it once")
	}
	f.row.Scope = text
}

// maxScope bounds the length of a token, which is part of every request.
const maxScope = 1000 // bytes

// claims are the further claims that a token may have.
var claims = []string{"email", "email_verified", "name"}

func (f *fieldReader) claims() {
	given := f.list(func(text string) (string, *values.Mistake) {
		if !slices.Contains(claims, text) {
			return "", &values.Mistake{Problem: "is not a claim that a token can have", Cure: "use " + strings.Join(claims, ", ")}
		}
		return text, nil
	})
	f.row.Claims = inOrder(claims, given)
}
