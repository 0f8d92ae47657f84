package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// What the file that holds a made-up secret keeps to:
//
//   - It is made once and never changed or replaced: every cookie and token
//     hangs on it.
//   - Processes that start at the same moment end with the same secret: the
//     content is written elsewhere and linked into place, which exactly one
//     of them can do; the others read what it wrote, and never half of it.
//   - Only its owner can read it, or start is refused: a secret that others
//     have read is not one.

// openSecretFile returns the secret in the file at path, making both if there
// is none. The directory must exist.
func openSecretFile(path string, log *slog.Logger) ([]byte, error) {
	secret, err := readSecretFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if err := makeSecretFile(path); err != nil {
		return nil, failure{
			fault: fault{"BETTER_AUTH_SECRET", "", "is not set and cannot be made at " + path,
				"make the folder writable, or set BETTER_AUTH_SECRET (" + makeSecret + ")"},
			cause: err,
		}
	}
	log.Info("made a secret; keep this file, every session depends on it", "setting", "BETTER_AUTH_SECRET", "file", path)
	return readSecretFile(path)
}

func readSecretFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	refuse := func(problem, cure string) error {
		return faults{{"BETTER_AUTH_SECRET", "", "in " + path + " " + problem, cure}}
	}
	orRemove := "or remove the file to make a new one, which signs everybody out"
	if err != nil {
		return nil, refuse(cannotRead(err).Error(), "make it readable for this user, or set BETTER_AUTH_SECRET")
	}
	// Windows has no such bits: the folder's own rules hold there.
	if loose := info.Mode().Perm() & 0o077; loose != 0 && runtime.GOOS != "windows" {
		return nil, refuse(fmt.Sprintf("can be read by others (mode %04o)", info.Mode().Perm()),
			"chmod 600 it if nobody else has had access, "+orRemove)
	}
	content, err := readValueFile(path)
	switch {
	case errors.Is(err, errValueEmpty), err == nil && len(content) < minSecret:
		return nil, refuse(fmt.Sprintf("is shorter than %d bytes", minSecret), "restore it, "+orRemove)
	case err == nil && content != strings.TrimSpace(content):
		return nil, refuse("starts or ends with white space", "restore it, "+orRemove)
	case err != nil:
		return nil, refuse(err.Error(), "make it a readable file, or set BETTER_AUTH_SECRET")
	}
	return []byte(content), nil
}

// makeSecretFile puts a new secret at path, unless a file is there already.
func makeSecretFile(path string) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+secretFileName+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	random := make([]byte, minSecret)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	_, err = temp.WriteString(hex.EncodeToString(random) + "\n")
	// Synced before it can be seen: a secret must not be lost to a power cut
	// after cookies were signed with it.
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
