//go:build unix

package pgtest_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/quicktest"
)

func connect(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func setting(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	var value string
	if err := db.QueryRow(query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

func TestEveryCallGivesAFreshDatabase(t *testing.T) {
	first, second := connect(t, pgtest.Database(t)), connect(t, pgtest.Database(t))
	if _, err := first.Exec("CREATE TABLE things (id int)"); err != nil {
		t.Fatal(err)
	}
	got := setting(t, second, "SELECT count(*)::text FROM pg_tables WHERE tablename = 'things'")
	if got != "0" {
		t.Errorf("tables of the first database in the second: got %s, want 0", got)
	}
}

func TestTheDatabaseIsDroppedWhenTheTestEnds(t *testing.T) {
	var url string
	t.Run("inner", func(t *testing.T) {
		url = pgtest.Database(t)
		if err := connect(t, url).Ping(); err != nil {
			t.Fatal(err)
		}
	})
	if err := connect(t, url).Ping(); err == nil {
		t.Error("a database of an ended test: got an answer, want an error")
	}
}

func TestPgBouncerPoolsTransactions(t *testing.T) {
	direct := pgtest.Database(t)
	through := pgtest.PgBouncer(t, direct)
	if through == direct {
		t.Fatalf("got the direct URL %s", through)
	}
	// More clients than PgBouncer has server connections, all of them open.
	backends := map[string]bool{}
	for range 12 {
		db := connect(t, through)
		db.SetMaxIdleConns(1)
		backends[setting(t, db, "SELECT pg_backend_pid()::text")] = true
	}
	if got := len(backends); got > 4 {
		t.Errorf("server connections of 12 clients: got %d, want at most 4", got)
	}
}

func TestTerminateEndsTheConnectionsOfOneDatabase(t *testing.T) {
	url := pgtest.Database(t)
	victim, bystander := connect(t, url), connect(t, pgtest.Database(t))
	victim.SetMaxIdleConns(1)
	pid := setting(t, victim, "SELECT pg_backend_pid()::text")
	other := setting(t, bystander, "SELECT pg_backend_pid()::text")
	if got := pgtest.Terminate(t, url); got != 1 {
		t.Errorf("terminated: got %d, want 1", got)
	}
	_ = victim.Ping() // lib/pq may have to notice that the connection is closed
	if got := setting(t, victim, "SELECT pg_backend_pid()::text"); got == pid {
		t.Errorf("backend %s is still there", pid)
	}
	if got := setting(t, bystander, "SELECT pg_backend_pid()::text"); got != other {
		t.Errorf("backend of another database: got %s, want %s as before", got, other)
	}
}

func TestAServerStopsCrashesAndComesBackWithItsData(t *testing.T) {
	server := pgtest.NewServer(t)
	db := connect(t, server.Database(t))
	if _, err := db.Exec("CREATE TABLE things (id int)"); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(testing.TB){"stop": server.Stop, "crash": server.Crash} {
		end(t)
		if err := db.Ping(); err == nil {
			t.Errorf("%s: the server still answers", name)
		}
		server.Start(t)
		if got := setting(t, db, "SELECT count(*)::text FROM things"); got != "0" {
			t.Errorf("after %s: got %s rows, want 0", name, got)
		}
	}
}

func TestAServerBecomesAStandbyAndAPrimaryAgain(t *testing.T) {
	server := pgtest.NewServer(t)
	db := connect(t, server.Database(t))
	if _, err := db.Exec("CREATE TABLE things (id int)"); err != nil {
		t.Fatal(err)
	}
	server.Demote(t)
	if _, err := db.Exec("DROP TABLE things"); err == nil {
		t.Error("a write on a standby: got no error")
	}
	if got := setting(t, db, "SELECT count(*)::text FROM things"); got != "0" {
		t.Errorf("got %s rows on the standby, want 0", got)
	}
	server.Promote(t)
	if _, err := db.Exec("DROP TABLE things"); err != nil {
		t.Errorf("a write on a primary again: %v", err)
	}
}

func TestAnotherPasswordIsRefused(t *testing.T) {
	url := strings.Replace(pgtest.Database(t), "pgtest-password", "pgtest-passwort", 1)
	if err := connect(t, url).Ping(); err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("got error %v, want one about the password", err)
	}
}

func TestADatabaseHasTheOptionsItIsMadeWith(t *testing.T) {
	db := connect(t, pgtest.DatabaseWith(t, "ENCODING 'LATIN1' TEMPLATE template0"))
	if got := setting(t, db, "SHOW server_encoding"); got != "LATIN1" {
		t.Errorf("got %s, want LATIN1", got)
	}
}

// TestKilledProcess is only a helper: the next test runs it in a process that it then
// kills.
func TestKilledProcess(t *testing.T) {
	if os.Getenv("PGTEST_KILLED") == "" {
		return
	}
	fmt.Println(pgtest.Database(t))
	select {}
}

func TestNothingIsLeftOfAKilledTestProcess(t *testing.T) {
	quicktest.Skip(t, "PostgreSQL")
	tmp, err := os.MkdirTemp("/tmp", "pgtest-parent-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(tmp) })
	if err := os.Chmod(tmp, 0o777); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
	child.Env = append(os.Environ(), "PGTEST_KILLED=1", "TMPDIR="+tmp)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line := bufio.NewScanner(out)
	if !line.Scan() {
		t.Fatalf("the child printed no URL: %v", line.Err())
	}
	db := connect(t, line.Text())
	if err := db.Ping(); err != nil {
		t.Fatalf("the child's server: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed

	deadline := time.Now().Add(30 * time.Second)
	for {
		left, err := filepath.Glob(filepath.Join(tmp, "*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 && db.Ping() != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left of the killed process: %v, server answers: %t", left, db.Ping() == nil)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
