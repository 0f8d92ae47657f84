package route

// Bounds of a table.
const (
	maxRoutes = 200
	maxText   = 1 << 20 // bytes
	maxPath   = 255     // bytes of a route's path, and of a pattern
)

// Fault is one mistake in the text of a table.
type Fault struct {
	Place        string // like [2].upstream; "" for the text as a whole
	Line, Column int    // where it is in the text, from 1; a column is one byte
	Value        string // the wrong value; "" if it is not needed
	Problem      string // continues a sentence that starts with the place and the value
	Cure         string
}

// Parse reads the JSON array of ROUTES. It returns all mistakes at once; the table is of use
// only without any.
func Parse(text []byte, d Defaults) (Table, []Fault) {
	return nil, []Fault{{Line: 1, Column: 1, Problem: "cannot be read", Cure: "leave it out"}}
}
