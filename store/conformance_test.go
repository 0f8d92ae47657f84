package store_test

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/store"
)

// variant is a kind of database that the suite runs on.
type variant struct {
	name string
	new  func(t *testing.T) (databaseURL, direct string) // direct: past the pooler, for the test itself
}

func variants() []variant {
	return []variant{
		{"sqlite", func(t *testing.T) (string, string) {
			u := "sqlite:" + filepath.Join(t.TempDir(), "vestibule.db")
			return u, u
		}},
		{"postgres", func(t *testing.T) (string, string) {
			u := pgtest.Database(t)
			return u, u
		}},
		{"pgbouncer in transaction mode", func(t *testing.T) (string, string) {
			u := pgtest.Database(t)
			return pgtest.PgBouncer(t, u), u
		}},
	}
}

// with returns the URL with one more parameter.
func with(t *testing.T, databaseURL, name, value string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// database is a store on a database of the test's own.
type database struct {
	*store.Store
	url    string
	direct string
}

// raw opens the database behind the store's back.
func (d *database) raw(t *testing.T) *sqlx.DB {
	t.Helper()
	driver, dsn := "postgres", d.direct
	if path, ok := strings.CutPrefix(d.direct, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+path+"?_busy_timeout=5000&_foreign_keys=1"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatalf("open raw: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if driver == "sqlite" {
		driver = "sqlite3" // for Rebind
	}
	return sqlx.NewDb(db, driver)
}

func (d *database) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	db := d.raw(t)
	if _, err := db.Exec(db.Rebind(query), args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func (d *database) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	db := d.raw(t)
	if err := db.QueryRow(db.Rebind(query), args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func open(t *testing.T, databaseURL string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), databaseURL)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// impatient opens the database once more, for calls that are going to wait in
// vain.
func impatient(t *testing.T, databaseURL string) *store.Store {
	t.Helper()
	s, err := store.OpenImpatient(t.Context(), databaseURL, 2*time.Second)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// migrated opens a new database of the variant and migrates it.
func migrated(t *testing.T, v variant) *database {
	t.Helper()
	databaseURL, direct := v.new(t)
	if path, ok := strings.CutPrefix(direct, "sqlite:"); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			storetest.Fill(t, path)
		}
	}
	s := open(t, databaseURL)
	if err := s.MigrateUp(t.Context()); err != nil {
		t.Fatalf("migrate up: %v", err)
	}
	return &database{Store: s, url: databaseURL, direct: direct}
}

// TestConformance holds every kind of database to the same behaviour. The cases
// of one share a database; each makes users of its own.
func TestConformance(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*testing.T, *database){}
	for _, group := range []map[string]func(*testing.T, *database){
		userCases(), sessionCases(), taskCases(), listCases(), taskQueryCases(), pieceCases(), taskEventCases(), onceCases(), keyCases(), textCases(), contextCases(), accountCases(), linkCases(), mailCases(), adminCases(), clientCases(), aliveCases(),
	} {
		for name, run := range group {
			cases[name] = run
		}
	}
	explicit := variant{"postgres with binary_parameters=yes", func(t *testing.T) (string, string) {
		u := pgtest.Database(t)
		return with(t, u, "binary_parameters", "yes"), u
	}}
	for _, v := range append(variants(), explicit) {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			for name, run := range cases {
				t.Run(name, func(t *testing.T) { run(t, d) })
			}
		})
	}
}

// base is a time with more digits than are kept, in a zone that is not UTC.
func base() time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 123_999_999, time.FixedZone("east", 2*60*60))
}

// kept is how the store returns base plus d.
func kept(d time.Duration) time.Time {
	return time.Date(2026, 3, 1, 10, 0, 0, 123_000_000, time.UTC).Add(d)
}

func newUser() store.User {
	id := "usr_" + strings.ToLower(rand.Text())
	return store.User{
		ID: id, Name: "Ada", Email: id + "@example.com",
		CreatedAt: base(), UpdatedAt: base().Add(time.Second),
	}
}

func newHash() string {
	sum := sha256.Sum256([]byte(rand.Text()))
	return hex.EncodeToString(sum[:])
}

func newSession(userID string) store.Session {
	return store.Session{
		ID: "ses_" + strings.ToLower(rand.Text()), TokenHash: newHash(), UserID: userID,
		IPAddress: "2001:db8::1", UserAgent: "curl/8", RememberMe: true,
		CreatedAt: base(), UpdatedAt: base().Add(time.Second),
		ExpiresAt: base().Add(time.Hour), CookieAt: base().Add(2 * time.Second), ProvenAt: base(),
	}
}

// signedUp makes a user with a password and a session.
func signedUp(t *testing.T, s *store.Store) (store.User, store.Session) {
	t.Helper()
	u := newUser()
	session := newSession(u.ID)
	if err := signUp(t.Context(), s, u, "hash of "+u.ID, session); err != nil {
		t.Fatalf("create user: %v", err)
	}
	return u, session
}

func exists(t *testing.T, s *store.Store, hash string) bool {
	t.Helper()
	_, _, err := s.SessionByTokenHash(t.Context(), hash)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("session: %v", err)
	}
	return err == nil
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}
