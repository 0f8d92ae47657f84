package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vestibule/internal/settings"
)

// docs/configuration.md names the commands that read each setting.
func TestConfigurationPageNamesTheCommands(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{} // by command
	row := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|[^|]*\\|([^|]*)\\|")
	for _, cells := range row.FindAllStringSubmatch(string(content), -1) {
		for command := range strings.SplitSeq(cells[2], ",") {
			command = strings.TrimSpace(command)
			documented[command] = append(documented[command], cells[1])
		}
	}
	reads := map[string]settings.Side{}
	for _, cmd := range commands() {
		if cmd.examines { // reads the settings of other commands; the page says so once
			if !strings.Contains(string(content), "`vestibule "+cmd.name+"` ") {
				t.Errorf("the page does not name vestibule %s", cmd.name)
			}
			continue
		}
		name, _, _ := strings.Cut(cmd.name, " ")
		reads[name] |= cmd.reads
	}
	for command, by := range reads {
		if want := by.Names(); !slices.Equal(documented[command], want) {
			t.Errorf("%s: got %v on the page, want %v", command, documented[command], want)
		}
		delete(documented, command)
	}
	for command := range documented {
		t.Errorf("the page names the command %q, which does not exist", command)
	}
}
