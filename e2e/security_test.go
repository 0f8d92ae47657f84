package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSecurityPage: a requirement whose test is gone is not shown by anything, and one
// that has no row is easily forgotten.
func TestSecurityPage(t *testing.T) {
	t.Parallel()
	root := filepath.Dir(mustGetwd(t))
	p := &securityPage{tests: allTests(t, root), headings: pageHeadings(t, filepath.Join(root, "docs")), required: requirements(t)}
	content, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range p.check(string(content)) {
		t.Error(fault)
	}
}

// pageHeadings returns where links to the pages may lead.
func pageHeadings(t *testing.T, dir string) map[string]bool {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(page)
		all[name] = true
		for line := range strings.Lines(string(content)) {
			if hashes, title, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.Trim(hashes, "#") == "" && hashes != "" {
				all[name+"#"+headingAnchor(title)] = true
			}
		}
	}
	return all
}

// requirements reads what the standards ask for.
func requirements(t *testing.T) map[string][]requirement {
	t.Helper()
	content, err := os.ReadFile("testdata/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	all, standard := map[string][]requirement{}, ""
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		fields := strings.Fields(line)
		switch {
		case line == "" || strings.HasPrefix(line, "//"):
		case strings.HasPrefix(line, "## "):
			standard = line[len("## "):]
		case standard == "" || len(fields) < 2:
			t.Fatalf("testdata/requirements.txt: %q is no requirement", line)
		default:
			all[standard] = append(all[standard], requirement{fields[0], fields[1], slices.Contains(fields[2:], "document")})
		}
	}
	return all
}

// TestABadSecurityPageIsRefused changes a page that is good in one place each.
func TestABadSecurityPageIsRefused(t *testing.T) {
	const good = `# Security

| standard | requirements | hold | do not apply | open |
|---|---|---|---|---|
| [The Standard](#the-standard) | 4 | 2 | 1 | 1 |

## Sessions

| requirement | source | shown by |
|---|---|---|
| They end | The Standard 1 | ` + "`bff` TestEnd, FuzzCookie, `store` TestConformance (\"an end\", \"another end\")" + ` |

## Decisions

| a | table |
|---|---|
| that | documents |

## The Standard

| § | asked | requirement | state | shown by, or why |
|---|---|---|---|---|
| 1.1 | L1 | Sessions end | holds | ` + "`null` `bff` TestEnd" + ` |
| 1.2 | L2 | The end is documented | holds | [Sessions](#sessions) |
| 1.3 | L1 | There is no GraphQL | does not apply | there is no GraphQL |
| 2.1 | L2 | A second factor | open | there is only one factor |
`
	page := func() *securityPage {
		return &securityPage{
			tests: map[string]testIndex{
				"bff":   {map[string]bool{"TestEnd": true, "FuzzCookie": true}, nil},
				"store": {map[string]bool{"TestConformance": true}, map[string]bool{"an end": true, "another end": true}},
			},
			headings: map[string]bool{"security.md#sessions": true, "security.md#the-standard": true},
			required: map[string][]requirement{"The Standard": {{"1.1", "L1", false}, {"1.2", "L2", true}, {"1.3", "L1", false}, {"2.1", "L2", false}}},
		}
	}
	if faults := page().check(good); len(faults) > 0 {
		t.Fatalf("a good page: %q", faults)
	}
	for name, c := range map[string]struct{ old, replacement, want string }{
		"a test that is gone":               {"TestEnd, Fuzz", "TestEnds, Fuzz", "TestEnds is no test of bff"},
		"a fuzz target that is gone":        {"FuzzCookie", "FuzzCookies", "FuzzCookies is no test of bff"},
		"a test of another package":         {"`bff` TestEnd,", "`store` TestEnd,", "TestEnd is no test of store"},
		"a package that does not exist":     {"`null` `bff`", "`null`", "TestEnd stands behind no package"},
		"a package of the row before":       {"`null` `bff` TestEnd", "TestEnd", "TestEnd stands behind no package"},
		"a case that is gone":               {`"another end"`, `"no end"`, `TestConformance has no case "no end"`},
		"many cases and none named":         {` ("an end", "another end")`, "", "name those that count"},
		"a row of the first part untested":  {"`bff` TestEnd, FuzzCookie, `store` TestConformance (\"an end\", \"another end\")", "surely", "no test is named"},
		"a requirement that holds untested": {"`null` `bff` TestEnd", "surely", "1.1 holds, but no test is named"},
		"a link instead of a test":          {"`null` `bff` TestEnd", "[Sessions](#sessions)", "1.1 holds, but no test is named"},
		"documentation that is not there":   {"[Sessions](#sessions)", "[Sessions](#session)", "#session leads nowhere"},
		"no documentation":                  {"[Sessions](#sessions)", "written down", "1.2 holds, but no test is named"},
		"an unknown state":                  {"| A second factor | open |", "| A second factor | partly |", `the state "partly"`},
		"no reason":                         {"| there is no GraphQL |", "| no |", "1.3: does not apply, but not why"},
		"nothing said of what is open":      {"there is only one factor", "", "2.1: open, but not why"},
		"a requirement left out":            {"| 2.1 | L2 | A second factor | open | there is only one factor |\n", "", `lacks a row for 2.1`},
		"a requirement that is not there":   {"| 2.1 |", "| 2.2 |", `has no requirement "2.2"`},
		"a requirement twice":               {"| 2.1 |", "| 1.3 |", `lacks a row for 2.1`},
		"rows out of order":                 {"| 1.3 | L1 | There is no GraphQL | does not apply | there is no GraphQL |\n| 2.1 | L2 | A second factor | open | there is only one factor |", "| 2.1 | L2 | A second factor | open | there is only one factor |\n| 1.3 | L1 | There is no GraphQL | does not apply | there is no GraphQL |", "out of order"},
		"another strength":                  {"| 2.1 | L2 |", "| 2.1 | L1 |", "2.1 is asked for as L2"},
		"a requirement without words":       {"| A second factor |", "| |", "2.1 does not say what is required"},
		"a wrong count":                     {"| 4 | 2 |", "| 4 | 3 |", "the summary says [4 3 1 1]"},
		"a standard without a count":        {"| [The Standard](#the-standard) | 4 | 2 | 1 | 1 |\n", "", "the summary has 0 standards, want 1"},
		"a row that lost its header":        {"| 1.3 |", "\n| 1.3 |", "a row of 5 cells below the columns"},
		"a cell too many":                   {"| They end |", "| They | end |", "a row of 4 cells"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(good, c.old) == 0 {
				t.Fatalf("%q is not in the page", c.old)
			}
			faults := strings.Join(page().check(strings.Replace(good, c.old, c.replacement, 1)), "\n")
			if !strings.Contains(faults, c.want) {
				t.Errorf("got %q, want one with %q", faults, c.want)
			}
		})
	}
}
