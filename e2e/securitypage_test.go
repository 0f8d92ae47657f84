package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The rules that docs/security.md is held to:
//
//   - A row of the first part names a test. A row about a standard says "holds" and
//     names a test, or "does not apply" or "open" and why. What asks for
//     documentation may hold by a link to it.
//   - A test is a function of the named package. A case of it, in quotes behind it,
//     is a string of that package's tests. A link leads to a heading.
//   - Below "Decisions" are tables that document and show nothing.
//   - A standard has a row for each requirement of testdata/requirements.txt, once,
//     with the strength that the standard gives it, in order.
//   - The summary counts right.

// requirement is a line of testdata/requirements.txt.
type requirement struct {
	id, strength string
	document     bool // asks for documentation, which no test can judge
}

// testIndex is what the tests of one package have: functions and strings.
type testIndex struct{ functions, strings map[string]bool }

type securityPage struct {
	tests    map[string]testIndex // by package
	headings map[string]bool      // of all pages, as page.md#heading
	required map[string][]requirement
	counted  map[string]map[string]int // standard, state: rows
	seen     map[string][]string       // standard: ids
	summary  map[string][]string
	faults   []string
}

const (
	themeColumns    = "requirement | source | shown by"
	standardColumns = "§ | asked | requirement | state | shown by, or why"
	summaryColumns  = "standard | requirements | hold | do not apply | open"
)

// manyCases are tests of so much that their name alone says little.
var manyCases = []string{"TestConformance"}

var (
	securityLink = regexp.MustCompile(`\]\(([^)]*)\)`)
	quotedCase   = regexp.MustCompile(`"[^"]*"`)
	// named is a package, or a test with the cases that matter.
	named = regexp.MustCompile("`([a-z0-9/]+)`|\\b((?:Test|Fuzz)[A-Z]\\w*)( \\(\"[^)]*\\))?")
)

// check returns what is wrong with the page.
func (p *securityPage) check(page string) []string {
	p.counted, p.seen, p.summary = map[string]map[string]int{}, map[string][]string{}, map[string][]string{}
	columns, standard := "", ""
	for i, line := range strings.Split(page, "\n") {
		for _, link := range securityLink.FindAllStringSubmatch(line, -1) {
			if target := link[1]; !strings.Contains(target, "://") && !p.headings[withPage(target)] {
				p.fault(i, "the link %s leads nowhere", target)
			}
		}
		switch cells, isRow := tableRow(line); {
		case !isRow:
			columns = ""
			if title, ok := strings.CutPrefix(line, "## "); ok {
				standard = title
			}
		case standard == "Decisions":
		case columns == "":
			columns = strings.Join(cells, " | ")
		case strings.Trim(strings.Join(cells, ""), "-:") == "":
		case columns == themeColumns && len(cells) == 3:
			if p.names(i, cells[2]) == 0 {
				p.fault(i, "no test is named")
			}
		case columns == standardColumns && len(cells) == 5:
			p.checkRow(i, standard, cells)
		case columns == summaryColumns && len(cells) == 5:
			p.summary[strings.Trim(securityLink.ReplaceAllString(cells[0], ""), "[]")] = cells[1:]
		default:
			p.fault(i, "a row of %d cells below the columns %q", len(cells), columns)
		}
	}
	p.checkWhole()
	return p.faults
}

func (p *securityPage) fault(line int, format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf("docs/security.md:%d: ", line+1)+fmt.Sprintf(format, args...))
}

func tableRow(line string) ([]string, bool) {
	inner, ok := strings.CutPrefix(line, "|")
	if !ok {
		return nil, false
	}
	cells := strings.Split(strings.TrimSuffix(inner, "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells, true
}

// checkRow judges one requirement of a standard.
func (p *securityPage) checkRow(i int, standard string, cells []string) {
	id, asked, what, state, why := cells[0], cells[1], cells[2], cells[3], cells[4]
	index := slices.IndexFunc(p.required[standard], func(r requirement) bool { return r.id == id })
	if index < 0 {
		p.fault(i, "%q has no requirement %q", standard, id)
		return
	}
	want := p.required[standard][index]
	if asked != want.strength {
		p.fault(i, "%s is asked for as %s, not %s", id, want.strength, asked)
	}
	if what == "" {
		p.fault(i, "%s does not say what is required", id)
	}
	tests := p.names(i, why)
	switch state {
	case "holds":
		documented := want.document && securityLink.MatchString(why)
		if tests == 0 && !documented {
			p.fault(i, "%s holds, but no test is named", id)
		}
	case "does not apply", "open":
		if len(strings.Fields(why)) < 3 {
			p.fault(i, "%s: %s, but not why", id, state)
		}
	default:
		p.fault(i, "%s: the state %q is none of holds, does not apply, open", id, state)
	}
	if p.counted[standard] == nil {
		p.counted[standard] = map[string]int{}
	}
	p.counted[standard][state]++
	p.seen[standard] = append(p.seen[standard], id)
}

// names checks the tests that a cell names, and counts them.
func (p *securityPage) names(i int, cell string) (tests int) {
	dir := ""
	for _, m := range named.FindAllStringSubmatch(cell, -1) {
		if m[1] != "" {
			if _, ok := p.tests[m[1]]; ok {
				dir = m[1]
			}
			continue
		}
		tests++
		test, index := m[2], p.tests[dir]
		switch {
		case dir == "":
			p.fault(i, "%s stands behind no package that has tests", test)
		case !index.functions[test]:
			p.fault(i, "%s is no test of %s", test, dir)
		case slices.Contains(manyCases, test) && m[3] == "":
			p.fault(i, "%s has many cases: name those that count, in quotes", test)
		}
		for _, name := range quotedCase.FindAllString(m[3], -1) {
			if !index.strings[strings.Trim(name, `"`)] {
				p.fault(i, "%s has no case %s", test, name)
			}
		}
	}
	return tests
}

// checkWhole looks for what no row could show.
func (p *securityPage) checkWhole() {
	for standard, all := range p.required {
		var want []string
		for _, r := range all {
			want = append(want, r.id)
			if !slices.Contains(p.seen[standard], r.id) {
				p.faults = append(p.faults, fmt.Sprintf("docs/security.md: %q lacks a row for %s", standard, r.id))
			}
		}
		if seen := p.seen[standard]; len(seen) == len(want) && !slices.Equal(seen, want) {
			p.faults = append(p.faults, fmt.Sprintf("docs/security.md: the rows of %q are out of order", standard))
		}
		if len(p.seen[standard]) > len(want) {
			p.faults = append(p.faults, fmt.Sprintf("docs/security.md: %q has a requirement twice", standard))
		}
		n := p.counted[standard]
		counts := []string{fmt.Sprint(len(all)), fmt.Sprint(n["holds"]), fmt.Sprint(n["does not apply"]), fmt.Sprint(n["open"])}
		if got := p.summary[standard]; !slices.Equal(got, counts) {
			p.faults = append(p.faults, fmt.Sprintf("docs/security.md: the summary says %v of %q, want %v", got, standard, counts))
		}
	}
	if len(p.summary) != len(p.required) {
		p.faults = append(p.faults, fmt.Sprintf("docs/security.md: the summary has %d standards, want %d", len(p.summary), len(p.required)))
	}
}

// withPage completes a link inside the page.
func withPage(target string) string {
	if strings.HasPrefix(target, "#") {
		return "security.md" + target
	}
	return target
}

// headingAnchor is what a link to a heading ends with, as GitHub and GitLab make it.
func headingAnchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}
