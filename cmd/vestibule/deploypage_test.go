package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vestibule/internal/recipetest"
	"vestibule/internal/settings"
)

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheFirstAlertsExist: docs/deploy.md names five of the rules.
func TestTheFirstAlertsExist(t *testing.T) {
	_, section, _ := strings.Cut(mustRead(t, "../../docs/deploy.md"), "\n## What to watch\n")
	section, _, _ = strings.Cut(section, "\n## ")
	named := regexp.MustCompile("`(Vestibule[A-Z]\\w+)`").FindAllStringSubmatch(section, -1)
	rules := mustRead(t, "../../docs/monitoring/alerts.yml")
	for _, name := range named {
		if !strings.Contains(rules, "alert: "+name[1]+"\n") {
			t.Errorf("there is no alert %s", name[1])
		}
	}
	if len(named) != 5 {
		t.Errorf("got %d alerts, want 5", len(named))
	}
}

// TestAlertsNameCommandsThatExist: who reads an alert in the night runs them. The page about
// reloads in turn names an alert.
func TestAlertsNameCommandsThatExist(t *testing.T) {
	rules := mustRead(t, "../../docs/monitoring/alerts.yml")
	named := regexp.MustCompile("`?vestibule [^`]*`?").FindAllString(rules[strings.Index(rules, "\ngroups:"):], -1)
	for _, name := range named {
		if !slices.ContainsFunc(commands(), func(c command) bool { return name == "`vestibule "+c.name+"`" }) {
			t.Errorf("got %.60s, want a command between backquotes", name)
		}
	}
	if len(named) == 0 {
		t.Error("got no commands")
	}
	if name := "VestibuleReloadRefused"; !strings.Contains(rules, "alert: "+name+"\n") || !strings.Contains(mustRead(t, "../../docs/operations.md"), "`"+name+"`") {
		t.Errorf("%s is not in the rules, or not on the page", name)
	}
}

// TestTheSettingsBehindACloudBalancerAreValid: those of docs/deploy.md, with what is secret.
func TestTheSettingsBehindACloudBalancerAreValid(t *testing.T) {
	block := recipetest.Block(t, "../../docs/deploy.md", "Behind a cloud balancer", "ini")
	env := with(settings.NewEnvironment(strings.Split(strings.TrimSpace(block), "\n")), settings.Environment{"BETTER_AUTH_SECRET": goodSecret})
	c, err := settings.Load(settings.ForServe, nil, env)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.BFF.TrustedProxies) != 2 || c.BFF.BaseURL.Scheme != "https" {
		t.Errorf("got %v and %s, want two networks and https", c.BFF.TrustedProxies, c.BFF.BaseURL)
	}
}

// TestEachVersionBeginsWithItsUpgradeNotes, for operators.
func TestEachVersionBeginsWithItsUpgradeNotes(t *testing.T) {
	versions := strings.Split(mustRead(t, "../../CHANGELOG.md"), "\n## [")[1:]
	for _, version := range versions {
		name, text, _ := strings.Cut(version, "]")
		if before, notes, _ := strings.Cut(text, "### "); !strings.HasPrefix(notes, "Upgrade notes\n") {
			t.Errorf("%s: got %q%.40q, want upgrade notes first", name, before, notes)
		}
	}
	if len(versions) == 0 {
		t.Error("got no versions")
	}
}
