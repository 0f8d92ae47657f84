package settings

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

//go:generate go test -run TestConfigurationPage -update

var update = flag.Bool("update", false, "write the generated part of docs/configuration.md")

const (
	page        = "../../docs/configuration.md"
	pageBegin   = "<!-- settings: generated from the schema by `go generate ./internal/settings` -->\n"
	pageEnd     = "<!-- end of settings -->\n"
	pageColumns = "| variable | default | read by | meaning |\n|---|---|---|---|\n"
)

func TestConfigurationPageIsCurrent(t *testing.T) {
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), pageBegin)
	_, after, foundEnd := strings.Cut(rest, pageEnd)
	if !found || !foundEnd {
		t.Fatalf("%s lacks the marks of the generated part", page)
	}
	want := before + pageBegin + settingsTable() + pageEnd + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(content) != want {
		t.Errorf("%s differs from the schema; run: go generate ./internal/settings", page)
	}
}

// settingsTable returns the schema as Markdown tables.
func settingsTable() string {
	var b strings.Builder
	for _, g := range schema {
		fmt.Fprintf(&b, "\n### %s\n\n%s", g.title, pageColumns)
		for _, s := range g.settings {
			byDefault := s.unset
			if s.value != "" {
				byDefault = "`" + s.value + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.name, byDefault, strings.Join(readers(s.by), ", "), s.help)
		}
	}
	return b.String() + "\n"
}

// commandsThatRead lists the commands in the order of help. A command of two words is
// listed by its first word. A test in cmd/vestibule compares the page with the commands.
var commandsThatRead = []struct {
	name  string
	reads Side
}{
	{"serve", ForServe}, {"bff", ForBFF}, {"api", ForAPI}, {"migrate", ForMigrate}, {"user", ForData | ForPassword},
	{"client", ForData}, {"keys", ForData | ForToken}, {"token", ForToken}, {"audit", ForData}, {"backup", ForData}, {"restore", ForData}, {"routes", ForRoutes}, {"health", ForHealth},
}

// readers returns the names of the commands in s.
func readers(s Side) (names []string) {
	for _, cmd := range commandsThatRead {
		if cmd.reads&s != 0 {
			names = append(names, cmd.name)
		}
	}
	return names
}

func TestEverySettingIsExplained(t *testing.T) {
	read := map[string]Side{}
	for _, g := range schema {
		for _, s := range g.settings {
			if s.by == 0 || s.arg == "" || s.check == nil || !strings.HasSuffix(s.help, ".") || (s.value == "") == (s.unset == "") {
				t.Errorf("%s lacks a command, a placeholder, a check, a sentence of help, or exactly one of value and unset", s.name)
			}
			if strings.ContainsAny(s.help+s.unset, "|<>") {
				t.Errorf("the help of %s would break the page's table", s.name)
			}
			if read[s.name]&s.by != 0 {
				t.Errorf("one command reads %s twice", s.name)
			}
			read[s.name] |= s.by
		}
	}
}
