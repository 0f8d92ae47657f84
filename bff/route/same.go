package route

import (
	"reflect"
	"slices"
)

// Same reports whether both routes do the same with the requests that they take. Which of them
// they take also depends on the other routes of the table.
func (r *Route) Same(other *Route) bool {
	a, b := *r, *other
	a.below, a.index, b.below, b.index = nil, nil, nil, nil
	return reflect.DeepEqual(a, b)
}

// AdmitsSame reports whether both routes, of two tables, let the same requests pass, as far as a
// stream depends on it that is open already: by path, method, session and WebSocket.
func (r *Route) AdmitsSame(other *Route) bool {
	return r.Path == other.Path && r.Session == other.Session && r.WebSocket == other.WebSocket &&
		slices.Equal(r.Methods, other.Methods) && reflect.DeepEqual(r.Paths, other.Paths) && slices.Equal(r.below, other.below)
}
