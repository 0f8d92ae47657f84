package settings

import (
	"fmt"
	"strings"
	"unicode"

	"vestibule/bff/route"
)

// routes reads ROUTES. The schema has it after all settings on which it depends.
func (c *checker) routes(v string) route.Table {
	d := c.routeDefaults()
	if c.by == ForServe && !c.given("BACKEND_URL") {
		d.Backend = nil // the task API in the process
	}
	table, faults := route.Parse([]byte(v), d)
	for _, f := range faults {
		c.faultyRoute(f)
	}
	return table
}

func (c *checker) routeDefaults() route.Defaults {
	d := c.BFF.RouteDefaults()
	d.Listen = []string{c.BFFAddr, c.AdminAddr, c.ForwardAuthAddr}
	return d
}

// faultyRoute records a mistake with its place: ROUTES[2].upstream, or the line and column in
// the file.
func (c *checker) faultyRoute(f route.Fault) {
	value := ""
	if f.Value != "" {
		value = Show(f.Value)
	}
	at, from := fmt.Sprintf(":%d:%d", f.Line, f.Column), c.values[c.now.name]
	switch {
	case from.source == fromFile:
		if value != "" {
			value += " "
		}
		if f.Place != "" {
			f.Place += " "
		}
		c.note(Fault{Setting: c.now.name + "_FILE", Value: plainPath(from.file) + at, Problem: f.Place + value + f.Problem, Cure: f.Cure})
	case f.Place != "":
		c.note(Fault{Setting: c.now.name, Place: f.Place, Value: value, Problem: f.Problem, Cure: f.Cure})
	default:
		c.note(Fault{Setting: c.now.name, Place: at, Value: value, Problem: f.Problem, Cure: f.Cure})
	}
}

// plainPath returns path as editors and terminals recognise it, path:line:column, or quoted if
// it has spaces or control characters.
func plainPath(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }) {
		return Show(path)
	}
	return path
}
