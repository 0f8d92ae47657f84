package mail

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	gomail "github.com/wneessen/go-mail"
)

// TestOnlyTheOwnerCanReadAFolderOfMails: the mails contain links.
func TestOnlyTheOwnerCanReadAFolderOfMails(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data", "mail")
	m := gomail.NewMsg()
	m.SetBodyString(gomail.TypeTextPlain, "a link")
	if err := (Folder{Path: folder, Log: slog.New(slog.DiscardHandler)}).Send(t.Context(), m, "reset-password"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Dir(folder), folder} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o700 {
			t.Errorf("%s: got mode %04o, want 0700", path, mode)
		}
	}
}
