//go:build unix

package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/freeport"
	"vestibule/internal/quicktest"
)

const (
	owner    = "pgtest"
	password = "pgtest-password" // required on TCP, so that tests can find it in messages

	startTimeout = 60 * time.Second // long, for a machine that is busy with other tests
)

// Server is a PostgreSQL server.
type Server struct {
	postgres string // path of the program
	folder   string
	port     int
	options  []string // of the program
	process  *process
	admin    *sql.DB // over the Unix socket
	count    atomic.Int64
}

// NewServer starts a separate server, for tests that stop it or need options of the program,
// such as -c name=value.
func NewServer(tb testing.TB, options ...string) *Server {
	tb.Helper()
	quicktest.Skip(tb, "PostgreSQL")
	s, err := newServer(newDataFolder, options...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.close)
	return s
}

// Stop ends the server like an operator: open transactions are rolled back, clients are
// disconnected.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.process.stop("INT")
}

// Crash ends the server at once. It recovers at the next Start.
func (s *Server) Crash(tb testing.TB) {
	tb.Helper()
	s.process.stop("QUIT")
}

// Start starts a stopped server again, on the same port and data.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	if err := s.start(); err != nil {
		tb.Fatal(err)
	}
}

// Demote restarts the server as a standby, which refuses writes. It follows no other
// server, so it keeps its data.
func (s *Server) Demote(tb testing.TB) {
	tb.Helper()
	s.Stop(tb)
	if err := os.WriteFile(filepath.Join(s.data(), "standby.signal"), nil, 0o644); err != nil {
		tb.Fatal(err)
	}
	s.Start(tb)
}

// Promote makes a standby a primary again.
func (s *Server) Promote(tb testing.TB) {
	tb.Helper()
	if _, err := s.admin.Exec("SELECT pg_promote(true)"); err != nil {
		tb.Fatalf("promote: %v", err)
	}
}

func newServer(newFolder func() (string, error), options ...string) (*Server, error) {
	bin, err := binaries(debianLayout)
	if err != nil {
		return nil, err
	}
	folder, err := newFolder()
	if err != nil {
		return nil, err
	}
	s := &Server{postgres: filepath.Join(bin, "postgres"), folder: folder, options: options}
	if err := s.fill(bin); err != nil {
		_ = os.RemoveAll(folder)
		return nil, err
	}
	// Another process may take the free port first; then the next one is tried.
	for range 5 {
		if s.port, err = freeport.Next(); err != nil {
			break
		}
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	_ = os.RemoveAll(folder)
	return nil, err
}

// start runs the server and waits until it answers.
func (s *Server) start() error {
	arguments := append([]string{
		"-D", s.data(), "-p", strconv.Itoa(s.port), "-k", s.folder,
		"-c", "listen_addresses=127.0.0.1", "-F", "-c", "full_page_writes=off", // no fsync; a crash of the server still loses nothing
		"-c", "shared_buffers=32MB", "-c", "max_connections=200", "-c", "log_min_messages=fatal",
		"-c", "max_wal_size=64MB", "-c", "min_wal_size=16MB", // the log may be in memory
	}, s.options...)
	p, err := start(s.folder, "INT", append([]string{s.postgres}, arguments...)...)
	if err != nil {
		return err
	}
	admin, err := sql.Open("postgres", fmt.Sprintf("host=%s port=%d user=%s dbname=postgres", s.folder, s.port, owner))
	if err != nil {
		return err
	}
	admin.SetMaxIdleConns(1)
	if err := await(p, admin.Ping); err != nil {
		p.stop("QUIT")
		_ = admin.Close()
		return p.failure("PostgreSQL")
	}
	if s.admin != nil {
		_ = s.admin.Close()
	}
	s.process, s.admin = p, admin
	return nil
}

func (s *Server) close() {
	_ = s.admin.Close()
	s.process.stop("QUIT")
	_ = os.RemoveAll(s.folder)
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

// await calls ready until it succeeds, the server ends, or the time is over.
func await(p *process, ready func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		if err := ready(); err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return errors.New("it has ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
