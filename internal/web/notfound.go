package web

import "net/http"

// ErrNotFound answers a path that does not exist.
var ErrNotFound = Refuse(http.StatusNotFound, "NOT_FOUND", "There is nothing at this path.")
