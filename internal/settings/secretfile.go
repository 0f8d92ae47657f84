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

// Rules for the file that holds a created secret:
//
//   - It is created once and never changed or replaced, because every cookie and token
//     depends on it.
//   - Processes that start at the same time get the same secret. Each writes a
//     temporary file and links it to the final name. Only one link succeeds, and
//     the other processes read that file. They never read an incomplete file.
//   - Only the owner may read it. If other users could read it, the program refuses to
//     start.

// ReadSecretFile reads the secret that an earlier start has created, if there is one.
func (c *Settings) ReadSecretFile() error {
	if c.SecretFile == "" {
		return nil
	}
	if _, err := os.Stat(c.SecretFile); err != nil {
		return nil // there is no file yet; CreateSecret reports a problem with the folder
	}
	var err error
	c.Secret, err = readSecretFile(c.SecretFile)
	return err
}

// CreateSecret creates the secret file if no secret is configured and the rules of
// missingSecret allow it. If another process has just created the file, it reads that
// file.
func (c *Settings) CreateSecret(log *slog.Logger) error {
	if c.SecretFile == "" || c.Secret != nil {
		return nil
	}
	var err error
	c.Secret, err = readOrCreateSecretFile(c.SecretFile, log)
	return err
}

// readOrCreateSecretFile returns the secret in the file at path. It creates the file
// if there is none. The folder must exist.
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

// readSecretFile returns fs.ErrNotExist if there is no file, and Faults if the file
// cannot be used.
func readSecretFile(path string) ([]byte, error) {
	f, err := os.Open(path) // #nosec G304 -- the operator names the file
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	refuse := func(problem, cure string) error {
		return Faults{{Setting: "BETTER_AUTH_SECRET", Problem: "in " + path + " " + problem, Cure: cure}}
	}
	const orElse = ", or remove the file to get a new secret, which signs all users out"
	if err != nil {
		return nil, refuse(cannotRead(err).Error(), "make it readable for this user, or set BETTER_AUTH_SECRET")
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, refuse(cannotRead(err).Error(), "set BETTER_AUTH_SECRET")
	}
	// Windows has no such permission bits. There the permissions of the folder apply.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, refuse(fmt.Sprintf("is open to other users (mode %04o)", mode), "run chmod 600 on it if nobody else has read it"+orElse)
	}
	secret, err := readValue(f, maxValueFile)
	switch {
	case errors.Is(err, errValueEmpty), err == nil && len(secret) < jose.MinSecret:
		return nil, refuse(fmt.Sprintf("is shorter than %d bytes", jose.MinSecret), "restore the file"+orElse)
	case err != nil:
		return nil, refuse(err.Error(), "restore the file"+orElse)
	case secret != strings.TrimSpace(secret):
		return nil, refuse("starts or ends with white space", "restore the file"+orElse)
	case guessable(secret) != "":
		return nil, refuse(guessable(secret), "restore the file"+orElse)
	}
	return []byte(secret), nil
}

// createSecretFile writes a new secret to path, unless another process has done so.
func createSecretFile(path string, log *slog.Logger) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+secretFileName+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	random := make([]byte, jose.MinSecret)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	_, err = temp.WriteString(hex.EncodeToString(random) + "\n")
	// Sync before other processes can see the file: a power cut must not destroy a
	// secret that has already signed cookies.
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	switch err := os.Link(temp.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	log.Info("created a secret; keep this file, every session depends on it", "setting", "BETTER_AUTH_SECRET", "file", path)
	return nil
}
