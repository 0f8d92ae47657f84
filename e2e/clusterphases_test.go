package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestTheClusterServesThroughRestarts: a deploy fails no request, and an outage gives only the
// answers that are promised.
func TestTheClusterServesThroughRestarts(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "JWT_EXPIRES_IN=30s")
	users, rate, seconds := 8, 20, time.Second
	if long {
		users, rate, seconds = 50, 200, 30*time.Second
	}
	l := newClusterLoad(c, users, rate)
	l.during("steady", nil, func() { time.Sleep(seconds) })
	bffs, apis := c.of("bff"), c.of("api")
	if !long {
		l.during("a restart of one BFF and one API", nil, func() { c.restart(bffs[0], apis[0]) })
		l.during("an immediate restart of PostgreSQL", comeBack, func() { c.server.Crash(t); c.server.Start(t) })
		l.end()
		return
	}
	l.during("a rolling restart of all five", nil, func() { c.restart(c.members...) })
	l.during("a rolling upgrade from the previous commit", nil, func() {
		current := c.path
		c.path = previousCommit(t)
		c.restart(c.members...)
		c.path = current
		c.run("migrate", "up")
		c.restart(c.members...)
	})
	for i := range 2 {
		l.during(fmt.Sprintf("key rotation %d", i+1), nil, c.rotateKey)
	}
	const newSecret = "5b1e0c9a74d2f36880a1be47c3d95f126e7a0d4cb8f2135967e0ad18c24f9b63"
	for i, secrets := range [][]string{{secret, newSecret}, {newSecret, secret}, {newSecret, ""}} {
		l.during(fmt.Sprintf("step %d of a change of the secret", i+1), nil, func() {
			c.set("BETTER_AUTH_SECRET", secrets[0])
			c.set("BETTER_AUTH_SECRET_PREVIOUS", secrets[1])
			c.restart(c.members...)
		})
	}
	l.during("pg_terminate_backend of everything", comeBack, func() { pgTerminateAll(c) })
	l.during("a fast restart of PostgreSQL", comeBack, func() { c.server.Stop(t); c.server.Start(t) })
	l.during("an immediate restart of PostgreSQL", comeBack, func() { c.server.Crash(t); c.server.Start(t) })
	l.during("20 s of refused connections", comeBack, func() { c.server.Stop(t); time.Sleep(20 * time.Second); c.server.Start(t) })
	l.during("60 s of a silent network", comeBack, func() { c.network.Freeze(); time.Sleep(time.Minute); c.network.Thaw() })
	for _, m := range []*member{bffs[0], apis[0]} {
		l.during("kill -9 of a "+m.side, cutOff, func() {
			if err := m.cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
			time.Sleep(10 * time.Second)
			c.start(m)
			c.awaitReady(m)
		})
	}
	l.end()
}

// previousCommit builds the program of the commit before this one, or of $PREVIOUS.
func previousCommit(t *testing.T) string {
	t.Helper()
	commit := cmp.Or(os.Getenv("PREVIOUS"), "HEAD~1")
	dir := t.TempDir()
	path := filepath.Join(dir, "vestibule")
	out, err := exec.Command("bash", "-c", `set -e; cd ..; git archive "$0" | tar x -C "$1"; cd "$1"; go build -o "$2" ./cmd/vestibule`, commit, dir, path).CombinedOutput()
	if err != nil {
		t.Fatalf("build of %s: %v\n%s", commit, err, out)
	}
	return path
}

func pgTerminateAll(c *cluster) {
	c.t.Helper()
	var n int
	if err := c.sql().QueryRow(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	c.t.Logf("%d connections were ended", n)
}

// rotateKey makes a new signing key, and waits until it signs and the tokens of the old one
// have expired.
func (c *cluster) rotateKey() {
	c.t.Helper()
	var next struct {
		SignsFrom time.Time
	}
	out := c.run("keys", "rotate", "--json")
	if err := json.Unmarshal([]byte(out), &next); err != nil || time.Until(next.SignsFrom) < time.Second {
		c.t.Fatalf("got %s, error %v", out, err)
	}
	time.Sleep(time.Until(next.SignsFrom) + 40*time.Second) // JWT_EXPIRES_IN, and the time in which BFFs notice
}

// TestALiveSessionCostsPostgreSQLNothing: PostgreSQL itself counts the statements that read
// sessions, while requests of one session go through the proxy.
func TestALiveSessionCostsPostgreSQLNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	db := c.sql()
	if _, err := db.Exec(`CREATE EXTENSION pg_stat_statements`); err != nil {
		t.Fatal(err)
	}
	l := newClusterLoad(c, 1, 1)
	l.end()
	u := l.users[0]
	count := func() (n int) {
		t.Helper()
		if err := db.QueryRow(`SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query LIKE '%session%' AND query NOT LIKE '%pg_stat%'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// On a busy machine a heartbeat may be late. Then requests read the session, as they must. So
	// the rows of requests are short, and there are many attempts.
	const requests = 10
	for end := time.Now().Add(patience); ; {
		before := count()
		for range requests {
			if a := u.send("GET", "/api/proxy/me/tasks", "", nil); a.status != http.StatusOK {
				t.Fatalf("got %s", a)
			}
		}
		read := count() - before
		t.Logf("%d requests: PostgreSQL counted %d statements on sessions", requests, read)
		if read == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("every row of requests reads sessions")
		}
	}
}
