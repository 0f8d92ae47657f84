package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vestibule/internal/quicktest"
	"vestibule/store"
)

// completions are lines and the words that a shell must offer after them. With only, it must
// offer no others.
var completions = []struct {
	line string
	only bool
	want []string
}{
	{"vestibule ", false, []string{"serve", "user", "completion", "help"}},
	{"vestibule mi", true, []string{"migrate"}},
	{"vestibule user s", true, []string{"show", "sessions", "set-password"}},
	{"vestibule migrate ", true, []string{"up", "down", "status"}},
	{"vestibule serve --log-", true, []string{"--log-format", "--log-level"}},
	{"vestibule api --bff-a", true, nil}, // not a setting of this command
	{"vestibule serve --log-level=", true, []string{"debug", "info", "warn", "error"}},
	{"vestibule serve --log-level ", true, []string{"debug", "info", "warn", "error"}},
	{"vestibule serve --log-level=w", true, []string{"warn"}},
	{"vestibule bff --jwt-algorithm=E", true, []string{"EdDSA", "ES256"}},
	{"vestibule audit --event=sign-in", true, []string{store.EventSignIn, store.EventSignInFailed}},
	{"vestibule client create --grant=", true, []string{"credentials", "exchange"}},
	{"vestibule doctor --for=", true, []string{"serve", "bff", "api"}},
	{"vestibule user list --", true, []string{"--search", "--disabled", "--json", "--database-url", "--help"}},
	{"vestibule completion ", true, []string{"bash", "zsh", "fish"}},
	{"vestibule help cl", true, []string{"client"}},
	{"vestibule version --", true, []string{"--help"}},
}

func TestShellsOfferTheRightWords(t *testing.T) {
	t.Parallel()
	quicktest.Skip(t, "bash, zsh and fish")
	for shell, command := range map[string][]string{
		"bash": {"bash", "--norc"}, "zsh": {"zsh", "-f"}, "fish": {"fish", "--no-config"},
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			got := offered(t, append(command, "testdata/complete."+shell, writtenCompletion(t, shell)))
			for _, tt := range completions {
				got, want := slices.Sorted(slices.Values(got[tt.line])), slices.Sorted(slices.Values(tt.want))
				if tt.only && !slices.Equal(got, want) {
					t.Errorf("%q: got %q, want %q", tt.line, got, want)
				}
				for _, word := range want {
					if !slices.Contains(got, word) {
						t.Errorf("%q: got %q, want %q among them", tt.line, got, word)
					}
				}
			}
		})
	}
}

// writtenCompletion returns a file with the script for a shell.
func writtenCompletion(t *testing.T, shell string) string {
	t.Helper()
	code, script, stderr := once(t, "completion "+shell, nil)
	if code != exitOK || stderr != "" {
		t.Fatalf("got code %d, stderr %q", code, stderr)
	}
	path := filepath.Join(t.TempDir(), shell)
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// offered returns the words that a shell offers after each line, all in one form: fish repeats
// the flag before a value, and bash has the = after a flag.
func offered(t *testing.T, command []string) map[string][]string {
	t.Helper()
	for _, tt := range completions {
		command = append(command, tt.line)
	}
	cmd := exec.Command(command[0], command[1:]...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "XDG_DATA_HOME=")
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 {
		t.Fatalf("%v: %v\n%s", command, err, &errs)
	}
	words, line := map[string][]string{}, ""
	for text := range strings.Lines(string(out)) {
		word, isWord := strings.CutPrefix(strings.TrimSuffix(text, "\n"), "\t")
		if !isWord {
			line = word
			words[line] = []string{}
			continue
		}
		word = strings.TrimSuffix(strings.TrimSpace(word), "=")
		if flag, value, found := strings.Cut(word, "="); found && strings.HasPrefix(flag, "--") {
			word = value
		}
		words[line] = append(words[line], word)
	}
	if len(words) != len(completions) {
		t.Errorf("got answers for %d lines, want %d", len(words), len(completions))
	}
	return words
}

func TestAnUnknownShellIsRefused(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"completion":             "completion lacks SHELL",
		"completion powershell":  "use bash, zsh, fish",
		"completion bash --json": "unknown flag --json",
	} {
		if code, stdout, stderr := once(t, command, nil); code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: got code %d, %q, %q, want %q", command, code, stdout, stderr, want)
		}
	}
}

// A command refuses a word that the shells would offer by mistake, or the other way round.
func TestChoicesNameOptionsAndArgumentsOfTheirCommand(t *testing.T) {
	t.Parallel()
	for _, cmd := range commands() {
		for name, words := range cmd.choices {
			isOption := slices.ContainsFunc(cmd.options, func(o option) bool { return o.name == name })
			if name != cmd.args && !isOption || len(words) == 0 {
				t.Errorf("%s has choices for %q, which it does not take, or none", cmd.name, name)
			}
		}
	}
}
