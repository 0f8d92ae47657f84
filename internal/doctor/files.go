package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Permission bits of all other users.
const (
	othersAny   fs.FileMode = 0o007
	othersRead  fs.FileMode = 0o004
	othersWrite fs.FileMode = 0o002
	othersEnter fs.FileMode = 0o001
)

// files finds files and folders that other users of the machine can read or replace. Windows
// has no such permission bits.
func (in *Installation) files(context.Context) (found []Result) {
	if runtime.GOOS == "windows" {
		return nil
	}
	if path := in.Settings.Database.SQLite; path != "" {
		found = append(found, sqliteFiles(path)...)
	}
	if mail := in.Settings.BFF.Mail; in.hasBFF() && mail.Server == nil {
		if info, err := os.Stat(mail.Folder); err == nil && info.Mode()&othersAny != 0 {
			found = append(found, warning("MAIL_DIR", fmt.Sprintf("names %s, which other users can use (mode %04o): mails have links that give access to accounts", mail.Folder, info.Mode().Perm()), "run chmod 700 on it")...)
		}
	}
	for _, f := range in.Settings.SecretValueFiles {
		if othersCanRead(f.Path) {
			found = append(found, warning(f.Variable, "names "+f.Path+", which other users can read", "run chmod 600 on it, or give the secret of the container a mode like 0400")...)
		}
	}
	return orElse(found, "other users can read no secret and no database")
}

func sqliteFiles(path string) (found []Result) {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	if err != nil {
		return nil // the start creates it, or the database's check fails
	}
	mode := info.Mode()
	name := fmt.Sprintf("is in %s, which other users can ", folder)
	perm := fmt.Sprintf(" (mode %04o)", mode.Perm())
	const cure = "give the database a folder of its own, with chmod 700"
	switch {
	case mode&othersWrite != 0:
		found = append(found, failure("DATABASE_URL", name+"write"+perm+": they can replace the database", cure)...)
	case mode&othersAny != 0:
		found = append(found, warning("DATABASE_URL", name+"read"+perm, cure)...)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&(othersRead|othersWrite) != 0 {
		found = append(found, warning("DATABASE_URL", fmt.Sprintf("names %s, which other users can use (mode %04o)", path, info.Mode().Perm()),
			"run chmod 600 on it; vestibule takes this permission away when it opens the file, and whoever has read it knows its content")...)
	}
	return found
}

// othersCanRead reports whether all other users may read the file and enter the folders above
// it.
func othersCanRead(path string) bool {
	path, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return false
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode()&othersRead == 0 {
		return false
	}
	for folder := filepath.Dir(path); ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil || info.Mode()&othersEnter == 0 {
			return false
		}
		if folder == filepath.Dir(folder) {
			return true
		}
	}
}
