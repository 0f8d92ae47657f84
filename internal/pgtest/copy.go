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
	Fill func(string) error // gets the URL, and must leave no connection open

	once sync.Once
	err  error
}

// Copy is like Database, with the template's content.
func (p *Template) Copy(tb testing.TB) string {
	tb.Helper()
	s := sharedServer(tb)
	p.once.Do(func() {
		if p.err = s.create(p.Name, ""); p.err == nil {
			p.err = p.Fill(s.url(p.Name))
		}
	})
	if p.err != nil {
		tb.Fatal(fmt.Errorf("template %s: %w", p.Name, p.err))
	}
	return s.database(tb, "TEMPLATE "+p.Name)
}
