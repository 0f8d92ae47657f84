package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/recipetest"
)

// TestTheDoctorOfAService runs the command of docs/deploy.md before the first start, in other
// folders and as this user.
func TestTheDoctorOfAService(t *testing.T) {
	t.Parallel()
	_, command, _ := strings.Cut(mustRead(t, "../../docs/deploy.md"), "<!-- The tests run these commands. -->\n```bash\n")
	command, _, found := strings.Cut(command, "```")
	if !found {
		t.Fatal("docs/deploy.md has no such command")
	}
	etc, state, programs := t.TempDir(), t.TempDir(), t.TempDir()
	command = recipetest.Edited(t, strings.ReplaceAll(command, "/etc/vestibule/", etc+"/"),
		"sudo ", "", "/var/lib/vestibule", state, "--reuid=vestibule --regid=vestibule --init-groups", "--reuid=$(id -u) --regid=$(id -g) --keep-groups")
	if err := os.Symlink(os.Args[0], filepath.Join(programs, "vestibule")); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	doctor := func() (string, error) {
		cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
		cmd.Env = []string{asProgram + "=1", "PATH=" + programs + ":" + os.Getenv("PATH")}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	write("better-auth-secret", goodSecret+"\n")
	write("vestibule.env", "BASE_URL=https://app.example.com\nTRUSTED_PROXIES=127.0.0.1\nMAIL_FROM='Our App <app@example.com>'\nSMTP_URL=smtp://localhost:1\n")
	if out, err := doctor(); err == nil || !strings.Contains(out, " 1 failure") || !strings.Contains(out, "SMTP_URL") {
		t.Errorf("got %v, want one failure, about the mail server:\n%s", err, out)
	}
	write("vestibule.env", "BASE_URL=https://app.example.com\nTRUSTED_PROXIES=127.0.0.1\n")
	if out, err := doctor(); err != nil || !strings.Contains(out, " 0 failures") {
		t.Errorf("got %v:\n%s", err, out)
	}
	if left, err := os.ReadDir(state); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v, want nothing created", left, err)
	}
	write("better-auth-secret", "short\n")
	if out, err := doctor(); err == nil || exitCode(t, err) != exitUsage || !strings.Contains(out, "BETTER_AUTH_SECRET is too short") {
		t.Errorf("got %v, want the code %d:\n%s", err, exitUsage, out)
	}
}

// TestCommandsEnterTheFolderAsTheService: the unit keeps all others out of it.
func TestCommandsEnterTheFolderAsTheService(t *testing.T) {
	t.Parallel()
	if !strings.Contains(mustRead(t, "../../packaging/vestibule.service"), "\nStateDirectoryMode=0700\n") {
		t.Error("others can enter the folder: docs/deploy.md says that they cannot")
	}
	page := mustRead(t, "../../docs/deploy.md")
	if strings.Contains(page, "cd /var/lib/vestibule && sudo") {
		t.Error("the shell of an operator cannot enter the folder: use env -C after sudo")
	}
}
