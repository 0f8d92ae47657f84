//go:build unix

package pgtest

import (
	"fmt"
	"sync"
	"testing"
)

// Template is a database that is filled once in a test process and then copied.
type Template struct {
	Name string             // the name on the server, used by no other template
	From *Template          // it starts as a copy of this one; nil: empty
	Fill func(string) error // gets the URL, and must leave no connection open

	once sync.Once
	err  error
}

// Copy is like Database, with the template's content.
func (p *Template) Copy(tb testing.TB) string {
	tb.Helper()
	s := sharedServer(tb)
	if err := p.make(s); err != nil {
		tb.Fatal(err)
	}
	return s.database(tb, "TEMPLATE "+p.Name)
}

// make makes the database unless it was made before.
func (p *Template) make(s *Server) error {
	p.once.Do(func() {
		options := ""
		if p.From != nil {
			if p.err = p.From.make(s); p.err != nil {
				return
			}
			options = "TEMPLATE " + p.From.Name
		}
		if p.err = s.create(p.Name, options); p.err == nil {
			p.err = p.Fill(s.url(p.Name))
		}
		if p.err != nil {
			p.err = fmt.Errorf("template %s: %w", p.Name, p.err)
		}
	})
	return p.err
}
