package main

import (
	"runtime/debug"
	"strings"
	"testing"

	"vestibule/internal/settings"
)

func TestInvalidCommandLinesAreRefused(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"":                            "no command",
		"start":                       `unknown command "start"`,
		"migrate":                     "migrate up, migrate down, migrate status",
		"migrate sideways":            "migrate up, migrate down, migrate status",
		"--base-url=x serve":          "flags follow the command",
		"serve --sign-in=off":         "-sign-in",
		"serve --database-url":        "-database-url",
		"serve extra":                 "unexpected argument",
		"api --bff-addr=:0":           "-bff-addr", // not a setting of this command
		"migrate up --log-level=info": "-log-level",
		"version --log-level=info":    "-log-level",
		"help nothing":                "unknown command",
		"token --sub=a --scope=":      "--scope has no value", // without the option, the token would allow more
		"audit --user=":               "--user has no value",  // all events would be listed
		"user list --json=maybe":      `--json="maybe" is neither true nor false`,
		"serve --log-level=info --log-level=warn": "given twice: --log-level",
	} {
		t.Run(command, func(t *testing.T) {
			code, stdout, stderr := once(t, command, testEnv(t))
			if code != exitUsage || !strings.Contains(stderr, want) || stdout != "" {
				t.Errorf("got code %d, stdout %q, stderr %q, want code %d and %q", code, stdout, stderr, exitUsage, want)
			}
		})
	}
}

func TestAnEmptyFlagIsRefused(t *testing.T) {
	t.Parallel()
	code, _, stderr := once(t, "serve --trusted-origins=", testEnv(t))
	if code != exitUsage {
		t.Errorf("got code %d, want %d", code, exitUsage)
	}
	oneError(t, stderr, "TRUSTED_ORIGINS")
}

func TestSecretsOnTheCommandLineAreNotPrinted(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"serve --better-auth-secret hunter2",
		"serve --better-auth-secret=hunter2",
		"serve -better-auth-secret=hunter2 --nonsense",
		"--better-auth-secret=hunter2 serve",
		"serve --database-url=postgres://u:hunter2@%zz/x",
	} {
		code, stdout, stderr := once(t, command, testEnv(t))
		if code != exitUsage || strings.Contains(stdout+stderr, "hunter2") {
			t.Errorf("%s: got code %d and %q, want code %d without the secret", command, code, stdout+stderr, exitUsage)
		}
	}
}

func TestHelpListsTheSettingsOfACommand(t *testing.T) {
	t.Parallel()
	for command, by := range map[string]settings.Side{
		"--help": settings.ForServe | settings.ForBFF | settings.ForAPI | settings.ForMigrate, "help": settings.ForServe | settings.ForBFF | settings.ForAPI | settings.ForMigrate, "-h": settings.ForServe,
		"serve --help": settings.ForServe, "help bff": settings.ForBFF, "api -h": settings.ForAPI, "doctor --help": settings.ForServe,
		"migrate --help": settings.ForMigrate, "migrate up --help": settings.ForMigrate, "help migrate status": settings.ForMigrate, "version --help": settings.ForVersion,
	} {
		t.Run(command, func(t *testing.T) {
			code, stdout, stderr := once(t, command, settings.Environment{"BETTER_AUTH_SECRET": goodSecret, "BASE_URL": "*"})
			if code != exitOK || stderr != "" {
				t.Fatalf("got code %d, stderr %q, want help", code, stderr)
			}
			if strings.Contains(stdout, goodSecret) {
				t.Error("help shows a secret")
			}
			for _, name := range by.Names() {
				if !strings.Contains(stdout, "  "+name+"  --"+settings.Flag(name)+"=") {
					t.Errorf("help lacks %s", name)
				}
			}
			if by == settings.ForMigrate && strings.Contains(stdout, "  BASE_URL ") {
				t.Error("help lists a setting of another command")
			}
			for line := range strings.Lines(stdout) {
				if len([]rune(line)) > 100 {
					t.Errorf("got a line of %d characters: %s", len([]rune(line)), line)
				}
			}
		})
	}
}

func TestVersionNamesVersionCommitAndGo(t *testing.T) {
	t.Parallel()
	code, stdout, _ := once(t, "version", nil)
	if code != exitOK || !strings.HasPrefix(stdout, "vestibule ") || !strings.Contains(stdout, "commit ") || !strings.Contains(stdout, "go1.") {
		t.Errorf("got code %d, %q", code, stdout)
	}
	info := &debug.BuildInfo{
		Main:     debug.Module{Version: "v0.0.1"},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc123"}, {Key: "vcs.modified", Value: "true"}},
	}
	if got := versionLine("1.2.3", info); !strings.HasPrefix(got, "vestibule 1.2.3 (commit abc123, modified, go") {
		t.Errorf("got %q, want what the linker and the build have set", got)
	}
	if got := versionLine("", info); !strings.HasPrefix(got, "vestibule v0.0.1 (") {
		t.Errorf("got %q, want the module's version", got)
	}
}

// TestOptionsAreReadAsTheyAreMeant: a value of spaces is none, and false switches an option off.
func TestOptionsAreReadAsTheyAreMeant(t *testing.T) {
	t.Parallel()
	valued, list, flag := option{"name", "TEXT", ""}, option{"scope", "SCOPE,…", ""}, option{"yes", "", ""}
	for _, tt := range []struct {
		o           option
		text, value string
		refused     bool
	}{
		{valued, "x", "x", false}, {valued, ",", ",", false}, {valued, " \t", " \t", true}, {valued, "", "", true},
		{list, "a,b", "a,b", false}, {list, ",", ",", true}, {list, "  , ", "  , ", true},
		{flag, "true", "true", false}, {flag, "1", "true", false}, {flag, "false", "", false}, {flag, "x", "", true}, {flag, "", "", true},
	} {
		if value, wrong := tt.o.read(tt.text); value != tt.value || (wrong != "") != tt.refused {
			t.Errorf("--%s=%q: got %q, %q", tt.o.name, tt.text, value, wrong)
		}
	}
}
