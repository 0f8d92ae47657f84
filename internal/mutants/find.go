package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// source is a file of a package, parsed.
type source struct {
	path  string
	text  []byte
	files *token.FileSet
	tree  *ast.File
}

func parse(path string) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &source{path: path, text: text, files: token.NewFileSet()}
	s.tree, err = parser.ParseFile(s.files, path, text, parser.SkipObjectResolution)
	return s, err
}

func parseAll(pkg *goPackage) ([]*source, error) {
	var sources []*source
	for _, name := range pkg.GoFiles {
		s, err := parse(filepath.Join(pkg.Dir, name))
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}

func (s *source) offset(p token.Pos) int { return s.files.Position(p).Offset }

func (s *source) slice(from, to token.Pos) string {
	return oneSpace(string(s.text[s.offset(from):s.offset(to)]))
}

// place is the code that a mutant replaces.
type place struct {
	source   *source
	from, to int
	form     form
}

// form is the kind of a place. It decides how a switch is put around it.
type form int

const (
	condition form = iota // a boolean expression
	value                 // any other expression
	statement
	definition // a statement that declares names
)

// find returns the single place that the mutant names.
func find(sources []*source, m *mutant) (place, error) {
	found := m.placesIn(sources, m.text, "")
	if before, after, ok := cutLast(m.text, " in "); ok && len(found) == 0 {
		found = m.placesIn(sources, before, after)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return place{}, fmt.Errorf("%s: the list is stale: there is no such place in that function", m)
	}
	return place{}, fmt.Errorf("%s: the text occurs %d times; a longer text would identify one", m, len(found))
}

// placesIn returns the places of text in the function, or in its parts with the given head.
func (m *mutant) placesIn(sources []*source, text, head string) (found []place) {
	for _, s := range sources {
		for _, decl := range s.tree.Decls {
			if nameOf(decl) != m.function {
				continue
			}
			parts := []ast.Node{decl}
			if head != "" {
				parts = s.parts(decl, head)
			}
			for _, part := range parts {
				found = append(found, s.places(part, text, m.replacement)...)
			}
		}
	}
	return found
}

// parts returns the code under a head: the body of an if, or the statements of a case.
func (s *source) parts(decl ast.Decl, head string) (parts []ast.Node) {
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt:
			if s.slice(n.Pos(), n.Cond.End()) == head {
				parts = append(parts, n.Body)
			}
		case *ast.CaseClause:
			if len(n.Body) > 0 && s.slice(n.Pos(), n.Colon) == head {
				parts = append(parts, n)
			}
		}
		return true
	})
	return parts
}

// nameOf returns the name of a declaration in the list.
func nameOf(decl ast.Decl) string {
	f, ok := decl.(*ast.FuncDecl)
	if !ok {
		return "var"
	}
	if f.Recv == nil {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if index, ok := receiver.(*ast.IndexExpr); ok {
		receiver = index.X
	}
	if name, ok := receiver.(*ast.Ident); ok {
		return name.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// places returns every node below root with this text. If several nodes begin and end at
// the same place, the outermost counts. One example is a statement that is a call.
func (s *source) places(root ast.Node, text, replacement string) []place {
	var found []place
	add := func(from, to token.Pos, f form) {
		p := place{s, s.offset(from), s.offset(to), f}
		for _, other := range found {
			if other.from == p.from && other.to == p.to {
				return
			}
		}
		found = append(found, p)
	}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt:
			if s.slice(n.Pos(), n.Cond.End()) == text {
				add(n.Cond.Pos(), n.Cond.End(), condition)
			}
		case *ast.BlockStmt:
			s.statements(n.List, text, add)
		case *ast.CaseClause:
			s.statements(n.Body, text, add)
		case *ast.CommClause:
			s.statements(n.Body, text, add)
		case ast.Expr:
			if s.slice(n.Pos(), n.End()) == text {
				add(n.Pos(), n.End(), formOf(n, replacement))
			}
		}
		return true
	})
	return found
}

func (s *source) statements(list []ast.Stmt, text string, add func(from, to token.Pos, f form)) {
	for _, n := range list {
		if s.slice(n.Pos(), n.End()) != text {
			continue
		}
		f := statement
		if assign, ok := n.(*ast.AssignStmt); ok && assign.Tok == token.DEFINE {
			f = definition
		}
		if _, ok := n.(*ast.DeclStmt); ok {
			f = definition
		}
		add(n.Pos(), n.End(), f)
	}
}

// formOf tells a condition from another value. Of a condition and its replacement only one
// is evaluated. Of other values both are evaluated. So such a value must not be a call that
// changes something: then its statement is replaced instead.
func formOf(n ast.Expr, replacement string) form {
	if replacement == "true" || replacement == "false" {
		return condition
	}
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if strings.ContainsAny(n.Op.String(), "=!<>") || n.Op == token.LAND || n.Op == token.LOR {
			if n.Op != token.SHL && n.Op != token.SHR {
				return condition
			}
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			return condition
		}
	}
	return value
}
