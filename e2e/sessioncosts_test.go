//go:build cluster

package e2e

import (
	"database/sql"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lib/pq"

	"vestibule/internal/pgtest"
)

// TestWhatSessionsCostPostgreSQL measures the figures of the estimate in docs/operations.md:
// the size of a session's row with its indexes, and how fast ends of sessions are told to 50
// instances. It judges nothing.
func TestWhatSessionsCostPostgreSQL(t *testing.T) {
	const users, perUser, instances = 100_000, 10, 50
	server := pgtest.NewServer(t)
	c := &cluster{t: t, path: binary(t, build.plain), dir: t.TempDir(), database: server.Database(t)}
	c.env = []string{"DATABASE_URL=" + c.database, "BETTER_AUTH_SECRET=" + secret}
	c.run("migrate", "up")
	db := c.sql()
	do := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	size := func(table string) (n int64) {
		t.Helper()
		if err := db.QueryRow(`SELECT pg_total_relation_size($1::regclass)`, table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	do(`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
		SELECT 'usr_' || md5(i::text), 'Ada Lovelace', 'ada' || i || '@example.com', true, now(), now() FROM generate_series(1, $1::int) i`, users)
	begun := time.Now()
	do(`INSERT INTO session (id, token, "userId", "ipAddress", "userAgent", "rememberMe", "createdAt", "updatedAt", "expiresAt", "cookieAt", "provenAt")
		SELECT 'ses_' || md5(i::text || j), encode(sha256((i::text || '-' || j)::bytea), 'hex'), 'usr_' || md5(i::text), '192.0.2.1',
			'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
			true, now(), now(), now() + '7 days', now(), now()
		FROM generate_series(1, $1::int) i, generate_series(1, $2::int) j`, users, perUser)
	t.Logf("%d sessions were inserted in %.0f s; a session takes %d bytes with its indexes, a user %d", users*perUser, time.Since(begun).Seconds(),
		size("session")/(users*perUser), size(`"user"`)/users)

	var heard atomic.Int64
	for range instances {
		received := make(chan *pq.Notification, 1024)
		conn, err := pq.NewListenerConn(c.database, received)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := conn.Listen("vestibule_sessions"); err != nil {
			t.Fatal(err)
		}
		go func() {
			for range received {
				heard.Add(1)
			}
		}()
	}
	const writers, ends = 8, 2000
	begun = time.Now()
	done := make(chan error, writers)
	for w := range writers {
		go func() {
			own, err := sql.Open("postgres", c.database)
			if err == nil {
				defer own.Close()
				own.SetMaxOpenConns(1)
				for i := range ends {
					if _, err = own.Exec(`DELETE FROM session WHERE id = 'ses_' || md5($1::text || $2)`, fmt.Sprint(1+w*ends+i), "1"); err != nil {
						break
					}
				}
			}
			done <- err
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	ended := time.Since(begun)
	for end := time.Now().Add(patience); heard.Load() < writers*ends*instances && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	t.Logf("%d sessions were ended in %.1f s, %.0f a second; %d instances had heard all of it after %.1f s, %.0f notifications a second",
		writers*ends, ended.Seconds(), writers*ends/ended.Seconds(), instances, time.Since(begun).Seconds(), float64(heard.Load())/time.Since(begun).Seconds())
}
