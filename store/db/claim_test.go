package db_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/storetest"
	"vestibule/store"
	"vestibule/store/db"
)

func TestOneProcessServesTheSessionsOfAFile(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "claimed.db")
	open := func() *database { t.Helper(); return open(t, url) }
	first, second := open(), open()
	if err := first.ClaimSessions(t.Context(), func() { t.Error("the first one waits") }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waited := 0
	if err := second.ClaimSessions(ctx, func() { waited++; cancel() }); !errors.Is(err, db.ErrClaimed) || waited != 1 {
		t.Errorf("got %v after %d calls of waiting, want %v after 1", err, waited, db.ErrClaimed)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.ClaimSessions(t.Context(), func() {}); err != nil {
		t.Errorf("got %v after the first one has closed", err)
	}
}

func TestAnyNumberServesTheSessionsOnPostgreSQL(t *testing.T) {
	db := storetest.Postgres(t)
	for range 2 {
		if err := db.ClaimSessions(t.Context(), func() { t.Error("it waits") }); err != nil {
			t.Error(err)
		}
	}
}

func TestAnotherProgramsFileIsLeftAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "foreign.db")
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(`CREATE TABLE "user" (a)`); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o664); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), "sqlite:"+path); !errors.Is(err, db.ErrForeign) {
		t.Errorf("got %v, want %v", err, db.ErrForeign)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != string(before) || info.Mode().Perm() != 0o664 {
		t.Errorf("the file was changed; its mode is %v", info.Mode())
	}
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte("not a database, but long enough to be read as the header of one would be, is it not?"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), "sqlite:"+text); !errors.Is(err, db.ErrForeign) {
		t.Errorf("got %v for a text, want %v", err, db.ErrForeign)
	}
}

func TestCheckURLShowsNoPassword(t *testing.T) {
	for url, ok := range map[string]bool{
		"sqlite:data/x.db":                             true,
		"postgres://u:p@localhost/x?sslmode=disable":   true,
		"postgres://u:hidden@localhost:99999/x":        false,
		"postgres://u:hidden@localhost/x?sslmode=odd":  false,
		"postgres://u:hidden#x@localhost/x":            false,
		"postgres://u:hidden@h/x?binary_parameters=no": false,
	} {
		err := db.CheckURL(url)
		if (err == nil) != ok {
			t.Errorf("%s: got %v, want it taken: %v", url, err, ok)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("got %v, want no password in it", err)
		}
	}
}
