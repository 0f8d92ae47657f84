package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"vestibule/internal/quicktest"
	"vestibule/internal/settings"
)

//go:generate go test -run ^TestPackagedTextsAreCurrent$ . -update

var update = flag.Bool("update", false, "write the manual and the completions in packaging/")

const manualPath = "../../packaging/vestibule.1"

// The archives of a release contain these files. They are made by the tests and not by the
// program, which needs no code for a manual.
func TestPackagedTextsAreCurrent(t *testing.T) {
	texts := map[string]string{manualPath: manual()}
	for _, c := range completers {
		var b bytes.Buffer
		c.write(&b, completedCommands())
		file := map[string]string{"bash": "vestibule.bash", "zsh": "_vestibule", "fish": "vestibule.fish"}[c.shell]
		texts["../../packaging/completions/"+file] = b.String()
	}
	for path, want := range texts {
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s differs from the commands and settings (%v); run: go generate ./cmd/vestibule", path, err)
		}
	}
}

// The manual of a release has the date and the version in its first line.
func TestTheManualHasNoWarnings(t *testing.T) {
	t.Parallel()
	quicktest.Skip(t, "mandoc")
	page := strings.Replace(manual(), manualHead, manualHead+` 2026-01-02 "vestibule v1.2.3"`, 1)
	mandoc := func(args ...string) string {
		cmd := exec.Command("mandoc", args...)
		cmd.Stdin = strings.NewReader(page)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("mandoc %v: %v", args, err)
		}
		return string(out)
	}
	if out := mandoc("-T", "lint", "-W", "warning"); out != "" {
		t.Errorf("got %s", out)
	}
	bold := regexp.MustCompile(".\b")
	text := bold.ReplaceAllString(mandoc("-T", "ascii", "-O", "width=300"), "")
	for _, want := range []string{"vestibule v1.2.3", "vestibule user revoke USER [SESSION]", "--keep-old=DURATION", "--log-level=LEVEL", "the user's address and the part before its @"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// manualHead is the line that internal/release extends.
const manualHead = ".TH VESTIBULE 1"

// manual returns the manual page, in the macros of man(7).
func manual() string {
	var b strings.Builder
	b.WriteString(`.\" Made from the commands and settings of the program: go generate ./cmd/vestibule
` + manualHead + `
.SH NAME
vestibule \- a backend for frontends, with sessions in cookies and tokens for APIs
.SH SYNOPSIS
.B vestibule
.I COMMAND
.RI [ ARGUMENT \ .\|.\|.]
.RB [ \-\-\fIsetting\fB=\fIvalue\fR \ .\|.\|.]
.SH DESCRIPTION
Vestibule signs users up and in, keeps their sessions in httpOnly cookies, and passes calls of a single\-page app to an API, with a short\-lived token that the browser never sees.
.SH COMMANDS
`)
	var all settings.Side
	for _, cmd := range commands() {
		all |= cmd.reads
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace("vestibule "+cmd.name+" "+cmd.args)), roff(sentence(cmd.summary)))
		if len(cmd.options) > 0 {
			b.WriteString(".RS\n")
			for _, o := range cmd.options {
				writeRoffFlag(&b, o.name, o.arg, roff(o.help))
			}
			b.WriteString(".RE\n")
		}
	}
	b.WriteString(`.SH SETTINGS
Each setting is a flag and an environment variable.
A variable
.I NAME_FILE
names a file with the value of
.IR NAME .
The flag wins.
Each command accepts only the settings that it reads;
.B vestibule
.I COMMAND
.B \-\-help
lists them.
`)
	for _, g := range settings.Describe(all) {
		fmt.Fprintf(&b, ".SS %s\n", roff(g.Title))
		for _, s := range g.Settings {
			writeRoffFlag(&b, s.Flag, s.Arg, "Variable: "+roff(s.Name)+".\n"+roff(s.Help)+"\nDefault: "+roff(s.Default))
		}
	}
	fmt.Fprintf(&b, `.SH EXIT STATUS
.TP
.B %d
The command did its work.
.TP
.B %d
It failed, for example because the database does not answer.
.TP
.B %d
A setting, a flag or the command is wrong. Nothing was done.
.TP
.B %d
A second signal ended the process at once.
.SH FILES
.TP
.I data/vestibule.db
The SQLite database, if DATABASE_URL is not set, below the current folder.
.TP
.I data/mail/
Mails, if SMTP_URL is not set.
`, exitOK, exitFailure, exitUsage, exitSignal)
	return b.String()
}

func writeRoffFlag(b *strings.Builder, name, arg, text string) {
	line := `\fB` + roff("--"+name) + `\fR`
	if arg != "" {
		line = `\fB` + roff("--"+name+"=") + `\fI` + roff(arg) + `\fR`
	}
	fmt.Fprintf(b, ".TP\n%s\n%s\n", line, text)
}

// sentence turns a summary of the table into a sentence.
func sentence(text string) string {
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

// roff escapes text. A line must not begin with a dot or a quote, which would be a command.
// The signs of ASCII that roff replaces by typographic ones stay as they are: users copy them.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "\\`", "^", `\(ha`, "~", `\(ti`, "…", ".\\|.\\|.").Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
