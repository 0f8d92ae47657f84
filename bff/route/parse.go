package route

import (
	"bytes"
	"fmt"
	"slices"
)

// Bounds of a table.
const (
	maxRoutes = 200
	// MaxText is the length of the longest text that Parse reads, in bytes.
	MaxText   = 1 << 20
	maxPath   = 255 // bytes of a route's path, and of a pattern
	maxFaults = 100 // that are reported
)

// Fault is one mistake in the text of a table.
type Fault struct {
	Place        string // like [2].upstream; "" for the text as a whole
	Line, Column int    // where it is in the text, from 1; a column is one byte
	Value        string // the wrong value; "" if it is not needed
	Problem      string // continues a sentence that starts with the place and the value
	Cure         string

	offset int // in the text
}

const example = `write a JSON array like [{"path":"/api/billing/","upstream":"https://billing.internal/","audience":"billing"}]`

// Parse reads the JSON array of ROUTES. It returns all mistakes, in the order of the text.
// If there are any, the table is nil.
func Parse(text []byte, d Defaults) (Table, []Fault) {
	p := parser{defaults: d}
	rows := p.rows(text)
	p.checkTable(rows)
	if p.faults == nil {
		routes := make([]Route, len(rows))
		for i, r := range rows {
			routes[i] = r.Route
		}
		return New(routes...), nil
	}
	slices.SortStableFunc(p.faults, func(a, b Fault) int { return a.offset - b.offset })
	for i := range p.faults {
		f := &p.faults[i]
		before := text[:min(f.offset, len(text))]
		f.Line = 1 + bytes.Count(before, []byte("\n"))
		f.Column = len(before) - bytes.LastIndexByte(before, '\n')
	}
	if n := len(p.faults); n > maxFaults {
		last := p.faults[maxFaults]
		p.faults = append(p.faults[:maxFaults:maxFaults], Fault{
			Line: last.Line, Column: last.Column,
			Problem: fmt.Sprintf("has %d more mistakes from here", n-maxFaults), Cure: "correct the first ones",
		})
	}
	return nil, p.faults
}

type parser struct {
	defaults Defaults
	faults   []Fault
}

func (p *parser) refuse(f Fault) { p.faults = append(p.faults, f) }

// row is a route with what the checks of the whole table need to name places.
type row struct {
	Route
	place  string
	fields map[string]node // the members that it has
	bad    map[string]bool // those with a mistake
}

func (p *parser) rows(text []byte) []row {
	if len(text) > MaxText {
		p.refuse(Fault{Problem: fmt.Sprintf("has more than %d bytes", MaxText), Cure: "put fewer routes into it"})
		return nil
	}
	// Some editors begin a file with a byte order mark. Spaces of the same length keep the
	// places right.
	if mark := []byte("\ufeff"); bytes.HasPrefix(text, mark) {
		text = append([]byte("   "), text[len(mark):]...)
	}
	root, fault := readJSON(text)
	switch {
	case fault != nil:
		p.refuse(*fault)
		return nil
	case root.kind != '[':
		p.refuse(Fault{offset: root.at, Problem: "is " + root.kindName() + ", not an array", Cure: example})
		return nil
	case len(root.items) == 0:
		p.refuse(Fault{offset: root.at, Problem: "has no routes", Cure: "add one, or leave ROUTES out to get the default route " + DefaultPath})
		return nil
	case len(root.items) > maxRoutes:
		p.refuse(Fault{Place: fmt.Sprintf("[%d]", maxRoutes), offset: root.items[maxRoutes].at, Problem: fmt.Sprintf("is one route too many of %d", len(root.items)), Cure: fmt.Sprintf("use at most %d", maxRoutes)})
		return nil
	}
	var rows []row
	for i, item := range root.items {
		place := fmt.Sprintf("[%d]", i)
		if item.kind != '{' {
			p.refuse(Fault{Place: place, offset: item.at, Problem: "is " + item.kindName() + ", not an object", Cure: example})
			continue
		}
		rows = append(rows, p.row(place, item))
	}
	return rows
}

// row reads one route.
func (p *parser) row(place string, object node) row {
	r := row{place: place, fields: map[string]node{}, bad: map[string]bool{}}
	r.BodyLimit, r.Timeout, r.ForwardHeaders = p.defaults.BodyLimit, p.defaults.Timeout, p.defaults.ForwardHeaders
	for _, m := range object.members {
		_, twice := r.fields[m.name]
		known := slices.ContainsFunc(members, func(f field) bool { return f.name == m.name })
		switch {
		case !known:
			p.refuse(Fault{Place: place, offset: m.at, Value: m.name, Problem: "is an unknown member", Cure: meant(m.name)})
		case twice:
			p.refuse(Fault{Place: place + "." + m.name, offset: m.at, Problem: "is there twice", Cure: "remove one of them"})
		default:
			r.fields[m.name] = m.node
		}
	}
	for _, f := range members {
		if n, given := r.fields[f.name]; given {
			f.read(&fieldReader{p, &r, f, n})
		}
	}
	p.checkRow(&r, object)
	return r
}
