package main

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
	pageBegin   = "<!-- settings: generated from the schema by `go generate ./cmd/vestibule` -->\n"
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
		t.Fatalf("%s lacks the marks of its generated part", page)
	}
	want := before + pageBegin + settingsTable() + pageEnd + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(content) != want {
		t.Errorf("%s is not what the schema says; run: go generate ./cmd/vestibule", page)
	}
}

// settingsTable is the schema in Markdown.
func settingsTable() string {
	var b strings.Builder
	for _, g := range schema {
		fmt.Fprintf(&b, "\n### %s\n\n%s", g.title, pageColumns)
		for _, s := range g.settings {
			byDefault := s.unset
			if s.value != "" {
				byDefault = "`" + s.value + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.name, byDefault, strings.Join(s.by.names(), ", "), s.help)
		}
	}
	return b.String() + "\n"
}

// names returns the commands in s, those of two words by their first.
func (s side) names() []string {
	var names []string
	seen := map[string]bool{}
	for _, cmd := range commands() {
		name, _, _ := strings.Cut(cmd.name, " ")
		if cmd.reads&s != 0 && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

func TestEverySettingIsExplained(t *testing.T) {
	read := map[string]side{}
	for _, g := range schema {
		for _, s := range g.settings {
			if s.by == 0 || s.arg == "" || s.check == nil || !strings.HasSuffix(s.help, ".") || (s.value == "") == (s.unset == "") {
				t.Errorf("%s lacks a command, a placeholder, a check, a sentence of help, or one of value and unset", s.name)
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
