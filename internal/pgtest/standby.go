//go:build unix

package pgtest

import (
	"database/sql"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"vestibule/internal/freeport"
)

// Standby starts a hot standby of the server, which follows it and can be read. It has
// what is on the server now.
func (s *Server) Standby(tb testing.TB) *Server {
	tb.Helper()
	folder, err := newFolder()
	if err != nil {
		tb.Fatal(err)
	}
	standby := &Server{postgres: s.postgres, folder: folder}
	program := filepath.Join(filepath.Dir(s.postgres), "pg_basebackup")
	p, err := start(folder, "TERM", program, "-D", standby.data(), "-R", "-h", s.folder, "-p", strconv.Itoa(s.port), "-U", owner, "-c", "fast", "--no-sync")
	if err != nil {
		tb.Fatal(err)
	}
	<-p.exited
	p.stop("TERM")
	if _, err := os.Stat(filepath.Join(standby.data(), "standby.signal")); err != nil {
		tb.Fatal(p.failure("pg_basebackup"))
	}
	for range 5 {
		if standby.port, err = freeport.Next(); err != nil {
			break
		}
		if err = standby.start(); err == nil {
			tb.Cleanup(standby.close)
			return standby
		}
	}
	_ = os.RemoveAll(folder)
	tb.Fatal(err)
	return nil
}

// Promote makes a standby a server that can be written.
func (s *Server) Promote(tb testing.TB) {
	tb.Helper()
	if _, err := s.admin.Exec(`SELECT pg_promote()`); err != nil {
		tb.Fatal(err)
	}
}

// On returns the URL of the same database on this server.
func (s *Server) On(tb testing.TB, databaseURL string) string {
	tb.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port))
	return u.String()
}

// CaughtUp waits until the standby has all that has been committed on the server.
func (s *Server) CaughtUp(tb testing.TB, server *Server) {
	tb.Helper()
	var want string
	if err := server.admin.QueryRow(`SELECT pg_current_wal_lsn()`).Scan(&want); err != nil {
		tb.Fatal(err)
	}
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(10 * time.Millisecond) {
		var there sql.NullBool
		if err := s.admin.QueryRow(`SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn`, want).Scan(&there); err != nil {
			tb.Fatal(err)
		}
		if there.Bool {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatal("the standby does not catch up")
		}
	}
}

// Folder makes a folder on the machine that the server may write to, for a tablespace.
func Folder(tb testing.TB) string {
	tb.Helper()
	folder, err := newFolder()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// Own gives a folder to the user that servers run as.
func Own(tb testing.TB, folder string) {
	tb.Helper()
	if c := unprivileged(); c != nil {
		if err := os.Chown(folder, int(c.Uid), int(c.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
}
