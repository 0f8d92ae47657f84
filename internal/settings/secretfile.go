package settings

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

	"vestibule/internal/jose"
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

// ReadSecretFile reads the secret that an earlier start has made, if one has.
func (c *Settings) ReadSecretFile() error {
	if c.SecretFile == "" {
		return nil
	}
	if _, err := os.Stat(c.SecretFile); err != nil {
		return nil // not yet, or the folder is what is wrong
	}
	var err error
	c.Secret, err = readSecretFile(c.SecretFile)
	return err
}

// CreateSecret makes the secret file, or reads the one that another process has just
// made, where no secret was given and this may do without.
func (c *Settings) CreateSecret(log *slog.Logger) error {
	if c.SecretFile == "" || c.Secret != nil {
		return nil
	}
	var err error
	c.Secret, err = readOrCreateSecretFile(c.SecretFile, log)
	return err
}

// readOrCreateSecretFile returns the secret in the file at path, making both if there
// is none. The folder must exist.
func readOrCreateSecretFile(path string, log *slog.Logger) ([]byte, error) {
	secret, err := readSecretFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createSecretFile(path, log); err == nil {
			secret, err = readSecretFile(path)
		}
	}
	var refused Faults
	if err != nil && !errors.As(err, &refused) {
		return nil, Failure{Cause: err, Fault: Fault{
			Setting: "BETTER_AUTH_SECRET",
			Problem: "is not set and cannot be created at " + path,
			Cure:    "make the folder writable, or set BETTER_AUTH_SECRET (" + secretCommand + ")",
		}}
	}
	return secret, err
}

// ReadSecretFile returns fs.ErrNotExist where there is no file, and faults
// where there is one that cannot be used.
func readSecretFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	refuse := func(problem, cure string) error {
		return Faults{{Setting: "BETTER_AUTH_SECRET", Problem: "in " + path + " " + problem, Cure: cure}}
	}
	const orElse = ", or remove the file to make a new one, which signs everybody out"
	if err != nil {
		return nil, refuse(cannotRead(err).Error(), "make it readable for this user, or set BETTER_AUTH_SECRET")
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, refuse(cannotRead(err).Error(), "set BETTER_AUTH_SECRET")
	}
	// Windows has no such bits: the folder's own rules hold there.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, refuse(fmt.Sprintf("is open to other users (mode %04o)", mode), "chmod 600 it if nobody has read it"+orElse)
	}
	secret, err := readValue(f)
	switch {
	case errors.Is(err, errValueEmpty), err == nil && len(secret) < jose.MinSecret:
		return nil, refuse(fmt.Sprintf("is shorter than %d bytes", jose.MinSecret), "restore it"+orElse)
	case err != nil:
		return nil, refuse(err.Error(), "restore it"+orElse)
	case secret != strings.TrimSpace(secret):
		return nil, refuse("starts or ends with white space", "restore it"+orElse)
	case guessable(secret) != "":
		return nil, refuse(guessable(secret), "restore it"+orElse)
	}
	return []byte(secret), nil
}

// createSecretFile puts a new secret at path, unless another process has.
func createSecretFile(path string, log *slog.Logger) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+secretFileName+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	random := make([]byte, jose.MinSecret)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	_, err = temp.WriteString(hex.EncodeToString(random) + "\n")
	// Synced before it can be seen: a secret must not be lost to a power cut
	// after cookies were signed with it.
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	switch err := os.Link(temp.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	log.Info("made a secret; keep this file, every session depends on it", "setting", "BETTER_AUTH_SECRET", "file", path)
	return nil
}
