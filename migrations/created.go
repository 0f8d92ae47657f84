package migrations

import (
	"io/fs"
	"slices"
	"strings"
	"unicode"
)

// Objects are the objects that a migration creates.
type Objects struct {
	Names   []string            // of tables, indexes, views, functions and so on
	Columns map[string][]string // by table, including columns added to older tables
}

// Created returns the objects that exist after a migration of fsys and that it created.
func Created(fsys fs.FS, file string) (Objects, error) {
	f, err := Read(fsys, file)
	if err != nil {
		return Objects{}, err
	}
	made := Objects{Columns: map[string][]string{}}
	for _, statement := range f.up() {
		made.apply(statement)
	}
	slices.Sort(made.Names)
	return made, nil
}

// apply adds the objects that the statement creates. It ignores other statements.
func (o *Objects) apply(statement []word) {
	s := &reader{statement}
	switch {
	case s.skip("create"):
		s.skip("or", "replace", "unique", "temp", "temporary", "unlogged", "materialized")
		isTable := s.skip("table")
		if !isTable && !s.skip("index", "view", "function", "procedure", "sequence", "type", "domain") {
			return
		}
		s.skip("concurrently", "if", "not", "exists")
		name, ok := s.name()
		if !ok {
			return
		}
		o.Names = append(o.Names, name)
		if isTable {
			o.addColumns(name, s)
		}
	case s.skip("drop"):
		s.skip("materialized", "table", "index", "view", "function", "concurrently", "if", "exists")
		if name, ok := s.name(); ok {
			o.Names = slices.DeleteFunc(o.Names, func(n string) bool { return n == name })
			delete(o.Columns, name)
		}
	case s.skip("alter") && s.skip("table"):
		s.skip("if", "exists", "only")
		if table, ok := s.name(); ok {
			for _, action := range split(s.left, ",") {
				o.alter(table, &reader{action})
			}
		}
	}
}

func (o *Objects) alter(table string, s *reader) {
	switch {
	case s.skip("add"):
		s.skip("column", "if", "not", "exists")
		if column, ok := s.column(); ok {
			o.Columns[table] = append(o.Columns[table], column)
		}
	case s.skip("rename") && s.skip("to"):
		name, ok := s.name()
		if i := slices.Index(o.Names, table); ok && i >= 0 {
			o.Names[i] = name
			o.Columns[name] = o.Columns[table]
			delete(o.Columns, table)
		}
	}
}

// addColumns reads the columns in the parentheses of CREATE TABLE.
func (o *Objects) addColumns(table string, s *reader) {
	if !s.skip("(") {
		return
	}
	for _, definition := range split(s.left, ",") {
		if column, ok := (&reader{definition}).column(); ok {
			o.Columns[table] = append(o.Columns[table], column)
		}
	}
}

// reader takes words from the start of a statement.
type reader struct{ left []word }

// skip removes words from the start while they are among those, and reports whether it
// removed any.
func (r *reader) skip(keywords ...string) (removed bool) {
	for len(r.left) > 0 && !r.left[0].quoted && slices.Contains(keywords, r.left[0].text) {
		r.left, removed = r.left[1:], true
	}
	return removed
}

// name removes and returns a name, without its schema.
func (r *reader) name() (string, bool) {
	if len(r.left) > 2 && r.left[1].is(".") {
		r.left = r.left[2:]
	}
	if len(r.left) == 0 || !r.left[0].isName() || r.left[0].is("on") {
		return "", false
	}
	name := r.left[0].text
	r.left = r.left[1:]
	return name, true
}

// column removes and returns the name of a column, unless a constraint follows.
func (r *reader) column() (string, bool) {
	for _, keyword := range []string{"constraint", "primary", "unique", "check", "foreign", "exclude", "like"} {
		if len(r.left) > 0 && r.left[0].is(keyword) {
			return "", false
		}
	}
	return r.name()
}

// word is a word, a quoted name or a punctuation mark of SQL.
type word struct {
	text   string // lower-case, unless quoted
	quoted bool
}

func (w word) is(keyword string) bool { return !w.quoted && w.text == keyword }

func (w word) isName() bool {
	return w.quoted || w.text != "" && (w.text[0] == '_' || unicode.IsLetter(rune(w.text[0])))
}

// split splits at a sign outside parentheses, and stops at the closing parenthesis around
// all of it.
func split(all []word, sign string) (parts [][]word) {
	depth, start := 0, 0
	for i, w := range all {
		switch {
		case w.is("("):
			depth++
		case w.is(")"):
			if depth--; depth < 0 {
				return append(parts, all[start:i])
			}
		case depth == 0 && w.is(sign):
			parts = append(parts, all[start:i])
			start = i + 1
		}
	}
	return append(parts, all[start:])
}

// up returns the statements of Up in words. One line can have several.
func (f File) up() [][]word { return split(words(strings.Join(f.Up, "\n")), ";") }
