//go:build unix

package pgtest

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"vestibule/internal/freeport"
)

// bouncerPool is the number of server connections behind a PgBouncer. It is small, so that
// clients really share them.
const bouncerPool = 4

// PgBouncer starts a PgBouncer in transaction mode in front of the database and returns its
// URL. It stops when the test ends.
func PgBouncer(tb testing.TB, databaseURL string) string {
	tb.Helper()
	through, err := startBouncer(tb, databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	return through
}

func startBouncer(tb testing.TB, databaseURL string) (string, error) {
	program, err := bouncerProgram("/usr/sbin/pgbouncer") // Debian's, not in everyone's PATH
	if err != nil {
		return "", err
	}
	target, err := url.Parse(databaseURL)
	if err != nil {
		return "", err
	}
	folder, err := newFolder()
	if err != nil {
		return "", err
	}
	tb.Cleanup(func() { _ = os.RemoveAll(folder) })

	for range 5 { // as in newServer, another process may take the port first
		var port int
		if port, err = freeport.Next(); err != nil {
			return "", err
		}
		config := filepath.Join(folder, "pgbouncer.ini")
		if err = writeBouncerConfig(folder, config, target, port); err != nil {
			return "", err
		}
		var p *process
		if p, err = start(folder, "TERM", program, config); err != nil {
			return "", err
		}
		through := *target
		through.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if err = await(p, func() error { return ping(through.String()) }); err == nil {
			tb.Cleanup(func() {
				select {
				case <-p.exited: // otherwise the test fails elsewhere without a reason
					tb.Errorf("PgBouncer has ended by itself; its log ends:\n%s", p.logEnd())
				default:
				}
				p.stop("TERM")
			})
			return through.String(), nil
		}
		p.stop("TERM")
		err = p.failure("PgBouncer")
	}
	return "", err
}

func writeBouncerConfig(folder, config string, target *url.URL, port int) error {
	secret, _ := target.User.Password()
	users := filepath.Join(folder, "users")
	// server_login_retry: how long PgBouncer remembers that the server was down.
	ini := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = md5
auth_file = %s
pool_mode = transaction
default_pool_size = %d
max_client_conn = 200
server_login_retry = 1
`, target.Hostname(), target.Port(), target.User.Username(), secret, port, users, bouncerPool)
	if err := os.WriteFile(config, []byte(ini), 0o644); err != nil {
		return err
	}
	return os.WriteFile(users, fmt.Appendf(nil, "%q %q\n", target.User.Username(), secret), 0o644)
}

func ping(databaseURL string) error {
	db, err := sql.Open("postgres", databaseURL)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Ping()
}

func bouncerProgram(fallback string) (string, error) {
	if program, err := exec.LookPath("pgbouncer"); err == nil {
		return program, nil
	}
	if exists(fallback) {
		return fallback, nil
	}
	return "", errors.New("pgtest: PgBouncer is not installed; on Debian: apt-get install pgbouncer")
}
