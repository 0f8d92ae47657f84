package migrations

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// File is a migration.
type File struct {
	Up, Down []string // the statements that apply it, and those that undo it

	// NoTransaction: each statement is a transaction of its own.
	NoTransaction bool
}

// Read reads a migration of fsys. Its format is that of goose, whose own reader takes a buffer
// of 4 MiB from a pool for each line. Under the race detector a pool drops a quarter of its
// buffers, so each test that migrated cleared gigabytes.
//
// A statement ends with a line that ends with a semicolon, or is between StatementBegin and
// StatementEnd. We refuse what goose would guess at.
func Read(fsys fs.FS, name string) (File, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return File{}, err
	}
	f, err := parse(string(text))
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

func parse(text string) (File, error) {
	var p parser
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if err := p.read(line); err != nil {
			return File{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := p.between(); err != nil {
		return File{}, fmt.Errorf("end of the file: %w", err)
	}
	if p.part == nil {
		return File{}, errors.New("-- +goose Up is missing")
	}
	return p.file, nil
}

// parser reads a migration line by line.
type parser struct {
	file      File
	part      *[]string // Up or Down of file; nil before the first of them
	statement []string  // the lines of the statement so far
	whole     bool      // after StatementBegin: a semicolon ends nothing
}

func (p *parser) read(line string) error {
	bare := strings.TrimSpace(line)
	isComment := strings.HasPrefix(bare, "--")
	switch {
	case isComment && strings.Contains(bare, "+goose"):
		return p.annotation(strings.TrimRight(line, " \t"))
	case len(p.statement) == 0 && (isComment || bare == ""):
		return nil // it is in no statement
	case p.part == nil:
		return fmt.Errorf("SQL before -- +goose Up: %s", bare)
	}
	p.statement = append(p.statement, line)
	if !p.whole && endsStatement(line) {
		p.end()
	}
	return nil
}

// endsStatement reports whether the last word before a comment ends with a semicolon.
func endsStatement(line string) bool {
	last := ""
	for word := range strings.FieldsSeq(line) {
		if strings.HasPrefix(word, "--") {
			break
		}
		last = word
	}
	return strings.HasSuffix(last, ";")
}

func (p *parser) end() {
	*p.part = append(*p.part, strings.TrimSpace(strings.Join(p.statement, "\n")))
	p.statement = nil
}

func (p *parser) annotation(line string) error {
	if line == "-- +goose StatementEnd" {
		if !p.whole || len(p.statement) == 0 {
			return fmt.Errorf("%s without a statement", line)
		}
		p.end()
		p.whole = false
		return nil
	}
	if err := p.between(); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	switch {
	case line == "-- +goose NO TRANSACTION":
		p.file.NoTransaction = true
	case line == "-- +goose Up" && p.part == nil:
		p.part = &p.file.Up
	case line == "-- +goose Down" && p.part == &p.file.Up:
		p.part = &p.file.Down
	case line == "-- +goose StatementBegin" && p.part != nil:
		p.whole = true
	default:
		return fmt.Errorf("unknown or at the wrong place: %s", line)
	}
	return nil
}

// between returns an error inside a statement.
func (p *parser) between() error {
	switch {
	case p.whole:
		return errors.New("-- +goose StatementEnd is missing")
	case len(p.statement) > 0:
		return fmt.Errorf("unfinished statement, is a semicolon missing? %s", strings.Join(p.statement, "\n"))
	}
	return nil
}
