package api

import (
	"net/http"
)

// The scopes of this API, as a token's scope claim spells them.
const (
	TasksRead  = "tasks:read"
	TasksWrite = "tasks:write"
)

// Scopes lists all scopes.
var Scopes = [...]string{TasksRead, TasksWrite}

// neededBy returns the scope that a request needs, by its method only: the answer must not
// depend on whether the path exists.
func neededBy(method string) string {
	if method == http.MethodGet || method == http.MethodHead {
		return TasksRead
	}
	return TasksWrite
}
