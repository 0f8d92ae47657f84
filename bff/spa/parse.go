package spa

import (
	"fmt"
	"regexp"
	"strings"
)

// The forms in which modules import and export. All others are refused: those whose values may
// change later (export let), and those that nobody has needed.
var (
	importForm   = regexp.MustCompile(`(?m)^import\s*(\w+|\{[^{}'"]*\})\s*from\s*['"](\.[^'"]+)['"];?`)
	reexportForm = regexp.MustCompile(`(?m)^export\s*\{([^{}'"]*)\}\s*from\s*['"](\.[^'"]+)['"];?`)
	listForm     = regexp.MustCompile(`(?m)(^|[;}])export\s*\{([^{}'"]*)\};?$`)
	defaultForm  = regexp.MustCompile(`(?m)(^|[;}])export default `)
	namedForm    = regexp.MustCompile(`(?m)^export ((?:const|class|function|async function) (\w+|\{[^{}]*\}))`)
	annotation   = regexp.MustCompile(`/\*\*[^*]*\*/`) // of a type, which may name a module: import('./x.js').X
	otherForm    = regexp.MustCompile(`(?m)^(?:import|export)\b.*|\bimport\(.*`)
)

// parse replaces the imports and exports of a module by code that works within one script:
// imports are taken from the constant of the other module (see join). It adds no line.
func parse(name, text string) (*module, error) {
	m := &module{name: name, exports: map[string]string{}}
	replace := func(form *regexp.Regexp, by func(found []string) string) {
		text = form.ReplaceAllStringFunc(text, func(all string) string { return by(form.FindStringSubmatch(all)) })
	}
	from := func(address string) string {
		module := m.resolve(address)
		m.imports = append(m.imports, module)
		return constant(module)
	}
	replace(importForm, func(found []string) string {
		names := found[1]
		if !strings.HasPrefix(names, "{") {
			names = "{ default: " + names + " }"
		}
		return "const " + strings.ReplaceAll(names, " as ", ": ") + " = " + from(found[2]) + ";"
	})
	replace(reexportForm, func(found []string) string {
		module := from(found[2])
		for _, pair := range pairs(found[1], " as ") {
			m.exports[pair[1]] = module + "." + pair[0]
		}
		return strings.Repeat("\n", strings.Count(found[0], "\n"))
	})
	replace(listForm, func(found []string) string {
		for _, pair := range pairs(found[2], " as ") {
			m.exports[pair[1]] = pair[0]
		}
		return found[1] + strings.Repeat("\n", strings.Count(found[0], "\n"))
	})
	replace(defaultForm, func(found []string) string {
		m.exports["default"] = "$default"
		return found[1] + "const $default = "
	})
	replace(namedForm, func(found []string) string {
		for _, pair := range pairs(strings.Trim(found[2], "{}"), ":") {
			m.exports[pair[1]] = pair[1]
		}
		return found[1]
	})
	if other := otherForm.FindString(annotation.ReplaceAllString(text, "")); other != "" {
		return nil, fmt.Errorf("spa: %s: this form of import or export is not supported: %s", name, other)
	}
	m.lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return m, nil
}

// pairs reads a list such as "a, b as c": the names on the left and on the right, which are
// the same where there is only one.
func pairs(list, separator string) (all [][2]string) {
	for entry := range strings.SplitSeq(list, ",") {
		left, right, two := strings.Cut(strings.TrimSpace(entry), separator)
		if !two {
			right = left
		}
		if left != "" {
			all = append(all, [2]string{strings.TrimSpace(left), strings.TrimSpace(right)})
		}
	}
	return all
}

var notInName = regexp.MustCompile(`\W`)

// constant names the constant that holds what a module exports.
func constant(module string) string { return "$" + notInName.ReplaceAllString(module, "_") }
