package db_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"modernc.org/sqlite"

	"vestibule/internal/storetest"
	"vestibule/store"
)

// atPath is a migrated store on a separate file, with a backup of each kind. Each backup
// has one task of the user.
type atPath struct {
	*database
	path    string
	user    store.User
	session store.Session
	backup  map[string]string // by how it was made
}

func newAtPath(t *testing.T) *atPath {
	t.Helper()
	folder := t.TempDir()
	a := &atPath{path: filepath.Join(folder, "x.db"), backup: map[string]string{}}
	backup := func(kind string) string {
		a.backup[kind] = filepath.Join(folder, kind)
		return a.backup[kind]
	}
	// A copy of a closed file, from yesterday.
	storetest.Fill(t, a.path)
	before := open(t, "sqlite:"+a.path)
	a.user, a.session = signedUp(t, before)
	created(t, before, newTask(a.user.ID))
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	copyOver(t, a.path, backup("copy"))

	a.database = open(t, "sqlite:"+a.path)
	beat(t, a.database) // as it happens every few seconds
	raw := a.Raw(t)
	if _, err := raw.Exec(`VACUUM INTO '` + backup("vacuum") + `'`); err != nil {
		t.Fatal(err)
	}
	onlineBackup(t, raw.DB, backup("online"))
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	for range 20 { // the backups have some of these pages, but not these rows
		created(t, a.database, newTask(a.user.ID))
	}
	beat(t, a.database)
	return a
}

func beat(t *testing.T, s *database) {
	t.Helper()
	if err := s.Beat(t.Context(), "ins_test", base()); err != nil {
		t.Fatal(err)
	}
}

// onlineBackup does the same as `sqlite3 x.db ".backup y.db"`.
func onlineBackup(t *testing.T, db *sql.DB, to string) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		b, err := c.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup(to)
		if err != nil {
			return err
		}
		if _, err := b.Step(-1); err != nil {
			return err
		}
		return b.Finish()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// copyOver works like cp: the file stays the same, and its bytes change.
func copyOver(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}
