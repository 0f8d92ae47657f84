//go:build unix

package pgtest

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// initdbOptions are those of every server.
var initdbOptions = []string{
	"--username=" + owner, "--auth-local=trust", "--auth-host=password", "--encoding=UTF8", "--locale=C", "--wal-segsize=1",
	"--no-sync", "--no-instructions",
}

// fill makes the server's data. initdb takes a second of processor time and every test
// process needs it, so its result is kept in an archive, which takes a tenth to unpack.
func (s *Server) fill(bin string) error {
	archive, err := archiveFile(bin)
	if err == nil {
		if err = unpack(archive, s.data()); err == nil {
			return nil
		}
		if err := os.RemoveAll(s.data()); err != nil {
			return err
		}
	}
	if err := s.initdb(filepath.Join(bin, "initdb")); err != nil {
		return err
	}
	if archive != "" {
		_ = pack(s.data(), archive) // without it, the next server needs initdb again
	}
	return nil
}

func (s *Server) initdb(program string) error {
	secret := filepath.Join(s.folder, "password")
	if err := os.WriteFile(secret, []byte(verifier(password)), 0o644); err != nil { // in our own folder
		return err
	}
	p, err := start(s.folder, "TERM", append([]string{program, "--pgdata=" + s.data(), "--pwfile=" + secret}, initdbOptions...)...)
	if err != nil {
		return err
	}
	<-p.exited
	p.stop("TERM")
	if p.status != nil { // perhaps it was killed; its half of the data must not get into the archive
		return p.failure("initdb")
	}
	return nil
}

// archiveFile names the archive after all that initdb's result depends on. It is in the
// user's cache, where nobody else can plant one.
func archiveFile(bin string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	version, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return "", err
	}
	zone, _ := os.Readlink("/etc/localtime") // initdb writes the time zone into its settings
	key := sha256.Sum256(fmt.Appendf(nil, "%s %q %s %q %q", version, initdbOptions, verifier(password), zone, os.Getenv("TZ")))
	return filepath.Join(cache, "vestibule-pgtest", fmt.Sprintf("%x.tar", key[:8])), nil
}

// pack writes the archive. Other processes may do the same: each writes its own file, and
// the last one stays. Archives of other versions are removed after a month.
func pack(data, archive string) error {
	folder := filepath.Dir(archive)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	others, _ := filepath.Glob(filepath.Join(folder, "*")) // the pattern is well-formed
	for _, other := range others {
		if info, err := os.Stat(other); err == nil && time.Since(info.ModTime()) > 30*24*time.Hour {
			_ = os.Remove(other)
		}
	}
	f, err := os.CreateTemp(folder, "unfinished-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails if it has been renamed
	w := tar.NewWriter(f)
	// Sync: after a loss of power the archive is complete or absent.
	if err := errors.Join(w.AddFS(os.DirFS(data)), w.Close(), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), archive)
}

// unpack fills the folder data from the archive, for the unprivileged user.
func unpack(archive, data string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := makeOwn(data, nil); err != nil {
		return err
	}
	for r := tar.NewReader(f); ; {
		header, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		path := filepath.Join(data, header.Name)
		if header.Typeflag == tar.TypeDir {
			err = makeOwn(path, nil)
		} else {
			err = makeOwn(path, r)
		}
		if err != nil {
			return err
		}
	}
}

// makeOwn makes a file with the content, or a folder if it is nil, which only the
// unprivileged user may enter.
func makeOwn(path string, content io.Reader) error {
	if content == nil {
		if err := os.Mkdir(path, 0o700); err != nil {
			return err
		}
		return chown(path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close(), chown(path))
}
