package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"vestibule/internal/settings"
)

// output prints rows, as a table for people or as JSON for programs. It keeps only one
// page of rows in memory. Each column is as wide as its widest cell so far.
type output struct {
	w      io.Writer
	json   *json.Encoder // nil: a table
	widths []int
	page   [][]string
	err    error
}

// outputPage is the number of rows in a page.
const outputPage = 500

func (p *program) output(columns ...string) *output {
	o := &output{w: p.stdout}
	if p.given.has("json") {
		o.json = json.NewEncoder(p.stdout)
		o.json.SetEscapeHTML(false)
		return o
	}
	if len(columns) > 0 {
		o.row(nil, columns...)
	}
	return o
}

// row prints one row: object in JSON output, or cells in a table.
func (o *output) row(object any, cells ...string) {
	if o.json != nil {
		if object != nil && o.err == nil {
			o.err = o.json.Encode(object)
		}
		return
	}
	if len(cells) == 0 {
		return
	}
	for i, cell := range cells {
		cells[i] = printable(cell)
	}
	if o.page = append(o.page, cells); len(o.page) == outputPage {
		o.flush()
	}
}

func (o *output) flush() {
	for _, cells := range o.page {
		for i, cell := range cells {
			if i == len(o.widths) {
				o.widths = append(o.widths, 0)
			}
			o.widths[i] = max(o.widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, cells := range o.page {
		var line strings.Builder
		for i, cell := range cells {
			fmt.Fprintf(&line, "%-*s  ", o.widths[i], cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	o.page = o.page[:0]
	if o.err == nil {
		_, o.err = io.WriteString(o.w, b.String())
	}
}

// terminalColumns is how wide a line of facts may be, unless a word is longer.
const terminalColumns = 120

// heading prints a line above facts.
func (o *output) heading(text string) {
	if o.json == nil {
		o.flush()
		o.widths = nil
		o.page = append(o.page, []string{printable(text)})
		o.flush()
		o.widths = nil
	}
}

// facts prints names and their texts below each other. It leaves out empty texts, and wraps long
// ones. With JSON it prints nothing.
func (o *output) facts(indent string, facts ...[2]string) {
	widest := 0
	for _, f := range facts {
		if f[1] != "" {
			widest = max(widest, len(indent)+len(f[0]))
		}
	}
	for _, f := range facts {
		name := indent + f[0]
		for _, line := range wrapped(f[1], terminalColumns-widest-2) {
			o.row(nil, name, line)
			name = ""
		}
	}
}

// wrapped splits a text at spaces into lines of at most this width, if its words allow that.
func wrapped(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// failed reports whether a write has failed. Then a long list can stop.
func (o *output) failed() bool { return o.err != nil }

func (o *output) close() error {
	if len(o.page) > 0 {
		o.flush()
	}
	if o.err != nil {
		return refusal("the result cannot be written (" + settings.OneLine(o.err.Error()) + ")")
	}
	return nil
}

// printable escapes characters that would move the cursor, change the direction of text
// or break the table. Names and user agents come from strangers.
func printable(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return text
	}
	quoted := strconv.QuoteToGraphic(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
