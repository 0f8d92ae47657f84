package settings

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheBoundsOfTheAppAreInTheTable compares the constants of the app with their rows.
func TestTheBoundsOfTheAppAreInTheTable(t *testing.T) {
	constant := regexp.MustCompile(`(?m)^(?:export )?const (\w+) = ([0-9_]+)(?: \* ([0-9_]+))?(?: //.*)?$`)
	for _, c := range []struct {
		file, name string
		value      string // as the file has it
		what       string // start of the first cell of the row
		shown      string // in its third cell
	}{
		{"lines.js", "mostLines", "100", "pasted lines", "100"},
		{"lines.js", "mostInField", "20_000", "text that is pasted into", "20 000 characters"},
		{"position.js", "mostMoved", "50", "tasks that make room", "50"},
		{"clear.js", "most", "200", "done tasks that are cleared", "200"},
		{"sync.js", "atOnce", "4", "requests for changes in progress", "4"},
		{"queue.js", "mostOps", "200", "unsaved changes that outlive", "200, and"},
		{"queue.js", "mostText", "500_000", "unsaved changes that outlive", "500 000 characters"},
		{"queue.js", "longest", "7*86_400_000", "unsaved changes that outlive", "7 days"},
		{"resend.js", "most", "20", "repetitions of an unsaved change", "20, in"},
		{"resend.js", "longest", "23*3_600_000", "repetitions of an unsaved change", "23 hours"},
		{"undo.js", "most", "50", "changes that Ctrl+Z undoes", "50"},
		{"last-seen.js", "maxTasks", "1000", "tasks that are shown without a network", "1000"},
		{"limits.js", "maxPosition", "64", "the position of a task", "64 characters"},
	} {
		text, err := os.ReadFile("../../bff/spa/app/" + c.file)
		if err != nil {
			t.Error(err)
			continue
		}
		var got string
		for _, found := range constant.FindAllStringSubmatch(string(text), -1) {
			if found[1] == c.name {
				got = strings.TrimSuffix(found[2]+"*"+found[3], "*")
			}
		}
		if got != c.value {
			t.Errorf("bff/spa/app/%s: %s is %q, want %s, or another row in the bounds of docs/operations.md", c.file, c.name, got, c.value)
		}
		if !slices.ContainsFunc(bounds(t), func(b bound) bool {
			return strings.HasPrefix(b.what, c.what) && strings.Contains(b.value, c.shown)
		}) {
			t.Errorf("docs/operations.md has no row %q with %q", c.what, c.shown)
		}
	}
}
