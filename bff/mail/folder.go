package mail

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Folder stores mails as .eml files, for a machine without a mail server. The mails contain
// links, so only the owner may read the files.
type Folder struct {
	Path string
	Log  *slog.Logger
}

// Encoding implements Sender. Other encodings would break a link over several lines, and
// nobody could copy it from the file.
func (Folder) Encoding() gomail.Encoding { return gomail.NoEncoding }

// Send implements Sender.
func (f Folder) Send(ctx context.Context, m *gomail.Msg, kind string) (err error) {
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return err
	}
	// A program that watches the folder sees only complete mails, in order of their time.
	name := filepath.Join(f.Path, time.Now().UTC().Format("20060102T150405.000000Z")+"-"+kind+"-"+strings.ToLower(rand.Text()[:6])+".eml")
	file, err := os.OpenFile(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the operator names the folder
	if err != nil {
		return err
	}
	_, err = m.WriteTo(file)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	f.Log.LogAttrs(ctx, slog.LevelInfo, "mail written to a file, because SMTP_URL is not set", slog.String("kind", kind), slog.String("file", name))
	return nil
}
