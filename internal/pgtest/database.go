//go:build unix

package pgtest

import (
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"

	"vestibule/internal/quicktest"
)

// shared is the server of this test process. It ends with the process.
var shared = sync.OnceValues(func() (*Server, error) { return newServer(newDataFolder) })

// Database creates a database on the shared server and returns its URL. It is dropped when
// the test ends, even if clients are still connected.
func Database(tb testing.TB) string {
	tb.Helper()
	return sharedServer(tb).Database(tb)
}

// DatabaseWith is like Database, with options of CREATE DATABASE, such as
// ENCODING 'LATIN1' TEMPLATE template0.
func DatabaseWith(tb testing.TB, options string) string {
	tb.Helper()
	return sharedServer(tb).database(tb, options)
}

func sharedServer(tb testing.TB) *Server {
	tb.Helper()
	quicktest.Skip(tb, "PostgreSQL")
	s, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// Database creates a database and returns its URL. It is dropped when the test ends, even
// if clients are still connected.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	return s.database(tb, "")
}

func (s *Server) database(tb testing.TB, options string) string {
	tb.Helper()
	name := fmt.Sprintf("test%d", s.count.Add(1))
	if err := s.create(name, options); err != nil {
		tb.Fatalf("create database: %v", err)
	}
	tb.Cleanup(func() {
		// If the test has stopped the server, its databases are gone too.
		_, _ = s.admin.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
	})
	return s.url(name)
}

// create makes a database. To copy the files takes 10 ms of processor time, with the removal;
// PostgreSQL's default, through its buffers and its log, takes 18 ms. On ext4 the files take
// four times as long.
func (s *Server) create(name, options string) error {
	if inMemory(s.folder) {
		options += " STRATEGY FILE_COPY"
	}
	_, err := s.admin.Exec("CREATE DATABASE " + name + " " + options)
	return err
}

func (s *Server) url(database string) string {
	return (&url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(owner, password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}).String()
}

// Terminate ends every other connection to the database, like pg_terminate_backend, and
// returns how many there were. It waits until the server has closed them.
func Terminate(tb testing.TB, databaseURL string) int {
	tb.Helper()
	db, err := sql.Open("postgres", databaseURL)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	defer db.Close()
	return TerminateOthers(tb, db)
}

// TerminateOthers is like Terminate, over a connection that is open already. The caller uses
// no other one of the pool.
func TerminateOthers(tb testing.TB, db *sql.DB) int {
	tb.Helper()
	var ended []int64
	err := db.QueryRow(`SELECT coalesce(array_agg(pid), '{}') FROM (
		SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()) AS terminated`).Scan(pq.Array(&ended))
	if err != nil {
		tb.Fatalf("terminate backends: %v", err)
	}
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(time.Millisecond) {
		var left int
		err := db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1)`, pq.Array(ended)).Scan(&left)
		if err != nil {
			tb.Fatalf("wait for backends: %v", err)
		}
		if left == 0 {
			return len(ended)
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%d terminated backends are still there", left)
		}
	}
}
