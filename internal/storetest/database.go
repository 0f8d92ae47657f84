package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/store"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// Variant is a kind of database for the test suite.
type Variant struct {
	Name string

	file  bool                                           // a SQLite file
	adapt func(t *testing.T, direct string) (url string) // how the store gets to the database; nil: directly
}

// engines is how many of Variants are the engines themselves. They are the first.
const engines = 2

// Variants are all kinds of databases.
func Variants() []Variant {
	return []Variant{
		{Name: "sqlite", file: true},
		{Name: "postgres"},
		{Name: "pgbouncer in transaction mode", adapt: func(t *testing.T, direct string) string { return pgtest.PgBouncer(t, direct) }},
	}
}

// New makes an empty database. The direct URL bypasses the pooler, for the test itself.
func (v Variant) New(t *testing.T) (databaseURL, direct string) {
	t.Helper()
	if v.file {
		direct = "sqlite:" + filepath.Join(t.TempDir(), "vestibule.db")
		return direct, direct
	}
	return v.through(t, pgtest.Database(t))
}

// Copy opens a copy of the snapshot.
func (v Variant) Copy(t *testing.T, s *Snapshot) *Database {
	t.Helper()
	var databaseURL, direct string
	if v.file {
		databaseURL, direct = v.New(t)
		s.Fill(t, strings.TrimPrefix(direct, "sqlite:"))
	} else {
		databaseURL, direct = v.through(t, s.PostgresURL(t))
	}
	d := Open(t, databaseURL)
	d.Direct = direct
	return d
}

func (v Variant) through(t *testing.T, database string) (databaseURL, direct string) {
	t.Helper()
	if v.adapt == nil {
		return database, database
	}
	return v.adapt(t, database), database
}

// With returns the URL with another parameter.
func With(t *testing.T, databaseURL, name, value string) string {
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

// Database is a test's own database, with the stores that use it.
type Database struct {
	*db.DB
	*store.Store
	*Tasks

	URL    string
	Direct string // bypasses the pooler, for the test itself

	kept *keptPool // of Exec and CountRows; nil: a new connection for each call
}

// Tasks is embedded in Database next to the other Store.
type Tasks = tasks.Store

// On returns the database of a store.
func On(s *store.Store) *Database {
	return &Database{DB: s.DB, Store: s, Tasks: tasks.New(s.DB)}
}

// Tx runs f in a transaction on accounts.
func (d *Database) Tx(ctx context.Context, what string, f func(*store.Tx) error) error {
	return d.Store.Tx(ctx, what, f)
}

// Open opens a database until the end of the test.
func Open(tb testing.TB, databaseURL string) *Database {
	tb.Helper()
	s, err := store.Open(tb.Context(), databaseURL)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	d := On(s)
	d.URL, d.Direct, d.kept = databaseURL, databaseURL, &keptPool{}
	tb.Cleanup(d.kept.close)
	return d
}

// Migrated opens a new migrated database of the variant.
func Migrated(t *testing.T, v Variant) *Database {
	t.Helper()
	return v.Copy(t, latest)
}

// Base is a time with more digits than the store keeps, in a zone other than UTC.
func Base() time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 123_999_999, time.FixedZone("east", 2*60*60))
}

// Kept is base plus d as the store returns it.
func Kept(d time.Duration) time.Time {
	return time.Date(2026, 3, 1, 10, 0, 0, 123_000_000, time.UTC).Add(d)
}

// NewUser returns a made-up user.
func NewUser() store.User {
	id := "usr_" + strings.ToLower(rand.Text())
	return store.User{
		ID: id, Name: "Ada", Email: id + "@example.com",
		CreatedAt: Base(), UpdatedAt: Base().Add(time.Second),
	}
}

// NewHash returns a made-up hash of a token.
func NewHash() string {
	sum := sha256.Sum256([]byte(rand.Text()))
	return hex.EncodeToString(sum[:])
}

// NewSession returns a made-up session.
func NewSession(userID string) store.Session {
	return store.Session{
		ID: "ses_" + strings.ToLower(rand.Text()), TokenHash: NewHash(), UserID: userID,
		IPAddress: "2001:db8::1", UserAgent: "curl/8", RememberMe: true,
		CreatedAt: Base(), UpdatedAt: Base().Add(time.Second),
		ExpiresAt: Base().Add(time.Hour), CookieAt: Base().Add(2 * time.Second), ProvenAt: Base(),
	}
}

// SignedUp creates a user with a password and a session.
func SignedUp(t *testing.T, s *Database) (store.User, store.Session) {
	t.Helper()
	u := NewUser()
	session := NewSession(u.ID)
	if err := SignUp(t.Context(), s, u, "hash of "+u.ID, session); err != nil {
		t.Fatalf("create user: %v", err)
	}
	return u, session
}

// SessionExists reports whether a session with the token hash exists.
func SessionExists(t *testing.T, s *Database, hash string) bool {
	t.Helper()
	_, _, err := s.SessionByTokenHash(t.Context(), hash)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("session: %v", err)
	}
	return err == nil
}

// WantError checks the error with errors.Is.
func WantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}
