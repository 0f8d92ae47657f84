package spa

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// join makes one script of a module and all that it imports. As many files, they would be four
// times as many bytes with their headers, and a round trip for every six of them over HTTP/1.1.
//
// Each module becomes a function, so its names mean nothing in another one, and the function is
// called where browsers would have run the module. It returns what the module exports. The
// source map names the files of the repository, which are in the same folder, with their
// comments: a debugger and a stack trace show those.
func join(own map[string][]byte, entry, script string) (text, sourceMap []byte, err error) {
	modules, err := order(own, entry)
	if err != nil {
		return nil, nil, err
	}
	var out strings.Builder
	var lines mapping
	exports := map[string]map[string]string{}
	for i, m := range modules {
		exports[m.name] = m.exports
		if err := m.checkImports(own[m.name], exports); err != nil {
			return nil, nil, err
		}
		fmt.Fprintf(&out, "const %s = (() => { // %s\n%s\nreturn {", constant(m.name), m.name, strings.Join(m.lines, "\n"))
		for _, name := range slices.Sorted(maps.Keys(m.exports)) {
			fmt.Fprintf(&out, " %s: %s,", name, m.exports[name])
		}
		out.WriteString(" } })();\n")
		lines.add(i, len(m.lines))
	}
	fmt.Fprintf(&out, "//# sourceMappingURL=%s.map\n", path.Base(script))
	var sources []string
	for _, m := range modules {
		sources = append(sources, "../"+m.name)
	}
	sourceMap, err = json.Marshal(struct {
		Version  int      `json:"version"`
		Sources  []string `json:"sources"`
		Names    []string `json:"names"`
		Mappings string   `json:"mappings"`
	}{3, sources, []string{}, string(lines.text)})
	return []byte(out.String()), sourceMap, err
}

// checkImports refuses a name that the other module does not export. Browsers refuse it in
// modules; here it would be undefined.
func (m *module) checkImports(text []byte, exports map[string]map[string]string) error {
	all := append(importForm.FindAllStringSubmatch(string(text), -1), reexportForm.FindAllStringSubmatch(string(text), -1)...)
	for _, found := range all {
		list := strings.Trim(found[1], "{}")
		if !strings.Contains(found[0], "{") {
			list = "default"
		}
		for _, pair := range pairs(list, " as ") {
			if _, ok := exports[m.resolve(found[2])][pair[0]]; !ok {
				return fmt.Errorf("spa: %s imports %s, which %s does not export", m.name, pair[0], m.resolve(found[2]))
			}
		}
	}
	return nil
}

// mapping is the "mappings" of a source map (ECMA-426), which says for each line of the script
// from which line of which source it comes.
type mapping struct {
	text         []byte
	source, line int // of the last entry: numbers are differences
}

// add adds a module of so many lines, with a line of our own before and after it.
func (m *mapping) add(source, lines int) {
	m.text = append(m.text, ';')
	for line := range lines {
		// The column in the script, the source, its line, its column.
		for _, n := range []int{0, source - m.source, line - m.line, 0} {
			m.number(n)
		}
		m.source, m.line = source, line
		m.text = append(m.text, ';')
	}
	m.text = append(m.text, ';')
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// number writes a number in base 64: five bits in a digit, the lowest first, with the sign as
// the lowest bit.
func (m *mapping) number(n int) {
	if n <<= 1; n < 0 {
		n = -n | 1
	}
	for {
		digit := n & 31
		if n >>= 5; n > 0 {
			digit |= 32
		}
		m.text = append(m.text, base64Digits[digit])
		if n == 0 {
			return
		}
	}
}
