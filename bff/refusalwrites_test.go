package bff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/store"
)

// TestARefusalWritesNothing: above a limit, no attempt adds or changes a row in any table, the
// audit trail included.
func TestARefusalWritesNothing(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		url := storetest.SQLiteURL(t)
		db, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		raw := storetest.OpenRaw(t, url)
		raw.SetMaxOpenConns(1) // SQLite counts per connection
		refusalsWriteNothing(t, db, func() (changes string) {
			if err := raw.Get(&changes, `PRAGMA data_version`); err != nil {
				t.Fatal(err)
			}
			return changes
		})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := pgtest.Database(t)
		db, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		raw := storetest.OpenRaw(t, url)
		refusalsWriteNothing(t, db, func() string { return versions(t, raw) })
	})
}

// versions returns a text that changes when any row is written or locked. xmin and xmax are
// the transactions that did it.
func versions(t *testing.T, db *sqlx.DB) string {
	t.Helper()
	var tables []string
	if err := db.Select(&tables, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, table := range tables {
		var sum string
		if err := db.Get(&sum, `SELECT count(*) || ' ' || coalesce(md5(string_agg(ctid::text || xmin::text || xmax::text, ' ' ORDER BY ctid)), '') FROM "`+table+`"`); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, table, sum)
	}
	return all.String()
}

func refusalsWriteNothing(t *testing.T, db *store.Store, written func() string) {
	s := newIdleSite(t, db)
	v := s.visitor()
	v.signUp("ada@example.com")
	const form = "application/x-www-form-urlencoded"
	attempts := []struct {
		path, body, kind string
		limit            int
	}{
		{"/api/auth/login", `{"email":"ada@example.com","password":"wrong horse"}`, "", 10},
		{"/api/auth/sign-in/email", `{"email":"nobody@example.com","password":"wrong horse"}`, "", 10},
		{"/api/auth/signup", `{"email":"ada@example.com","password":"paper-lantern-42"}`, "", 59},
		{"/api/auth/request-password-reset", `{"email":"ada@example.com"}`, "", 5},
		{"/api/auth/send-verification-email", `{"email":"ada@example.com"}`, "", 0},
		{"/api/auth/change-email", `{"newEmail":"new@example.com"}`, "", 5},
		{"/api/auth/verify-password", `{"password":"wrong horse"}`, "", 10},
		{"/api/auth/change-password", `{"currentPassword":"wrong horse","newPassword":"another horse"}`, "", 0},
		{"/api/auth/delete-user", `{"password":"wrong horse"}`, "", 0},
		{"/api/auth/oauth2/token", "grant_type=client_credentials&client_id=svc_x&client_secret=vcs_x", form, 10},
	}
	send := func(i int) answer {
		a := attempts[i]
		if a.kind != "" {
			return v.do("POST", a.path, a.body, "Content-Type", a.kind)
		}
		return v.do("POST", a.path, a.body)
	}
	for i, a := range attempts {
		for range a.limit {
			if got := send(i); got.status == 429 {
				t.Fatalf("%s: got 429 within the limit", a.path)
			}
		}
		if got := send(i); got.status != 429 {
			t.Fatalf("%s: got %d above the limit, want 429", a.path, got.status)
		}
	}
	before := written()
	for range 3 {
		for i, a := range attempts {
			if got := send(i); got.status != 429 {
				t.Errorf("%s: got %d, want 429", a.path, got.status)
			}
		}
	}
	// A made-up cookie causes no write either.
	v.want(v.do("GET", "/api/auth/get-session", "", "Cookie", "better-auth.session_token=made.up"), 200, "null")
	if after := written(); after != before {
		t.Errorf("the refusals have written:\n%s\nbefore:\n%s", after, before)
	}
	if err := db.Record(t.Context(), store.Event{Type: "x", Actor: store.ActorSystem, At: s.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	if written() == before {
		t.Error("the test does not notice a write")
	}
}
