package api

import (
	"net/http"
)

// The scopes of this API, as a token's scope claim spells them.
const (
	TasksRead  = "tasks:read"
	TasksWrite = "tasks:write"
)

// Scopes lists them all.
var Scopes = [...]string{TasksRead, TasksWrite}

// neededBy says which scope a request needs by its method alone: the answer must
// not depend on whether there is such a path.
func neededBy(method string) string {
	if method == http.MethodGet || method == http.MethodHead {
		return TasksRead
	}
	return TasksWrite
}
