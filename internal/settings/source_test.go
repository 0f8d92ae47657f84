package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPrecedenceOfFlagsVariablesAndFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "level")
	if err := os.WriteFile(file, []byte("error\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		flags map[string]string
		env   Environment
		want  string
	}{
		{"the default", nil, nil, "INFO"},
		{"an empty variable counts as not set", nil, Environment{"LOG_LEVEL": ""}, "INFO"},
		{"a file", nil, Environment{"LOG_LEVEL_FILE": file}, "ERROR"},
		{"an empty variable beside a file", nil, Environment{"LOG_LEVEL": "", "LOG_LEVEL_FILE": file}, "ERROR"},
		{"a variable", nil, Environment{"LOG_LEVEL": "warn"}, "WARN"},
		{"a flag before a variable", map[string]string{"log-level": "debug"}, Environment{"LOG_LEVEL": "warn"}, "DEBUG"},
		{"a flag before a file", map[string]string{"log-level": "debug"}, Environment{"LOG_LEVEL_FILE": file}, "DEBUG"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Load(ForServe, tt.flags, tt.env)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.LogLevel.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFilesWithoutAValueAreRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, path := range map[string]string{
		"a missing file": filepath.Join(dir, "missing"),
		"a folder":       dir,
		"an empty file":  write("empty", ""),
		"only a newline": write("newline", "\n"),
		"a huge file":    write("huge", strings.Repeat("x", maxValueFile+1)),
	} {
		t.Run(name, func(t *testing.T) {
			found := loadFaults(t, ForServe, Environment{"BETTER_AUTH_SECRET_FILE": path})
			if len(found) != 1 || found[0].Setting != "BETTER_AUTH_SECRET_FILE" {
				t.Errorf("got %v, want one fault of BETTER_AUTH_SECRET_FILE", found)
			}
		})
	}
}

func TestOneTrailingNewlineIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	for content, want := range map[string]string{
		goodSecret:          goodSecret,
		goodSecret + "\n":   goodSecret,
		goodSecret + "\r\n": goodSecret,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c := mustLoad(t, ForServe, Environment{"BETTER_AUTH_SECRET_FILE": path})
		if got := string(c.Secret); got != want {
			t.Errorf("%q: got %q, want %q", content, got, want)
		}
	}
}

// TestAnEmptyFileIsNamed: "BETTER_AUTH_SECRET_FILE is empty" alone would be about the variable.
func TestAnEmptyFileIsNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("secret", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	found := loadFaults(t, ForServe, Environment{"BETTER_AUTH_SECRET_FILE": "secret"})
	if len(found) != 1 || found[0].Value != `"secret"` {
		t.Errorf("got %v, want the name of the file", found)
	}
}
