package settings

import (
	"strings"
	"testing"
)

// TestUnexpandedPathsAreRefused in every setting that takes a path.
func TestUnexpandedPathsAreRefused(t *testing.T) {
	given := map[string]string{"DATABASE_URL": "sqlite:~/x.db", "WEB_DIR": "~/dist", "MAIL_DIR": "$HOME/mail"}
	for _, s := range ForServe.settings() {
		given[s.name+"_FILE"] = "~/secret"
	}
	for name, value := range given {
		found := loadFaults(t, ForServe, Environment{name: value})
		if len(found) != 1 || found[0].Setting != name {
			t.Errorf("%s=%s: got %v, want one fault of it", name, value, found)
			continue
		}
		if line := found[0].Error(); !strings.Contains(line, "only a shell replaces") || !strings.Contains(line, "write the full path, like ") {
			t.Errorf("%s=%s: got %q, want the cause and the cure", name, value, line)
		}
	}
}
