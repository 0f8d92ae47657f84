package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"vestibule/bff/route"
)

// HeaderList says which request headers pass to the API.
//
// An operator may add names, and patterns like X-My-* for a family of names. The * stands at
// the end, after X- and at least one more character. Below a pattern too, no name passes that
// could not be added by itself: a pattern that would match one is refused at the start, and a
// name with _ is left out.
//
// A pattern needs no bound of its own. What it lets pass is a part of the client's header,
// and net/http bounds that as a whole.
type HeaderList struct {
	names    []string // in canonical form
	prefixes []string // of the patterns, in canonical form
}

// NewHeaderList returns the list of the headers that every request may pass and of further
// entries, which are names and patterns. The error reports all entries that cannot be added.
func NewHeaderList(further []string) (HeaderList, error) {
	l := HeaderList{names: RequestHeaders()}
	var faults []error
	for _, entry := range further {
		prefix, isPattern := strings.CutSuffix(entry, "*")
		switch reason := route.WhyNotForwarded(entry); {
		case reason != "":
			faults = append(faults, fmt.Errorf("request header %q cannot be forwarded: %s", entry, reason))
		case isPattern:
			l.prefixes = append(l.prefixes, http.CanonicalHeaderKey(prefix))
		default:
			l.names = append(l.names, http.CanonicalHeaderKey(entry))
		}
	}
	if len(l.prefixes) > route.MaxHeaderPatterns {
		faults = append(faults, fmt.Errorf("there are %d patterns of request headers, and %d are allowed", len(l.prefixes), route.MaxHeaderPatterns))
	}
	return l, errors.Join(faults...)
}

// Passes reports whether a header passes.
func (l *HeaderList) Passes(name string) bool {
	name = http.CanonicalHeaderKey(name)
	return slices.Contains(l.names, name) || l.matches(name)
}

// HasPatterns reports whether the list has patterns, so that Names is not all of it.
func (l *HeaderList) HasPatterns() bool { return len(l.prefixes) > 0 }

// Names returns the names in the list, without its patterns.
func (l *HeaderList) Names() []string { return slices.Clone(l.names) }

// matches reports whether a name in canonical form passes because of a pattern.
func (l *HeaderList) matches(name string) bool {
	return slices.ContainsFunc(l.prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) && route.WhyNotName(name) == ""
}

// pass copies all lines of the headers in the list.
func (l *HeaderList) pass(to, from http.Header) {
	pass(to, from, l.names)
	if len(l.prefixes) == 0 {
		return
	}
	for name, values := range from {
		if l.matches(name) {
			to[name] = values
		}
	}
}
