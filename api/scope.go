package api

import (
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"vestibule/internal/jose"
)

// The scopes of this API, as a token's scope claim spells them.
const (
	TasksRead  = "tasks:read"
	TasksWrite = "tasks:write"
)

// Scopes lists them all.
var Scopes = [...]string{TasksRead, TasksWrite}

// scope is a set of what a token opens.
type scope uint8

const (
	scopeRead  scope = 1 << iota // TasksRead
	scopeWrite                   // TasksWrite

	scopeAll = scopeRead | scopeWrite
)

func (s scope) has(need scope) bool { return s&need == need }

// scopeOf returns the set of the scopes with these names. Names of other APIs
// open nothing here.
func scopeOf(names []string) (s scope) {
	for i, name := range Scopes {
		if slices.Contains(names, name) {
			s |= 1 << i
		}
	}
	return s
}

// neededBy says which scope a request needs by its method alone: what it is
// asked for must not depend on whether there is such a path.
func neededBy(method string) scope {
	if method == http.MethodGet || method == http.MethodHead {
		return scopeRead
	}
	return scopeWrite
}

// parseScope reads a scope claim.
func parseScope(claim jsontext.Value) (scope, error) {
	names, err := jose.Scopes(claim)
	return scopeOf(names), err
}
