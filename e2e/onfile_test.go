package e2e

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"vestibule/internal/storetest"
)

// onFile is a running product on a SQLite file. The test changes the file meanwhile, as an
// operator does with a shell.
type onFile struct {
	t      *testing.T
	dir    string
	file   string
	addr   []string
	env    []string
	split  bool
	run    []*process
	ada    *browser
	backup map[string]string // by how it was made
}

func newOnFile(t *testing.T, split bool) *onFile {
	t.Helper()
	f := &onFile{t: t, dir: t.TempDir(), addr: freeAddrs(t, 4), split: split, backup: map[string]string{}}
	f.file = filepath.Join(f.dir, "data", "vestibule.db")
	f.env = []string{"BASE_URL=http://" + f.addr[0], "BFF_ADDR=" + f.addr[0], "API_ADDR=" + f.addr[1], "DATABASE_URL=sqlite:" + f.file,
		"BETTER_AUTH_SECRET=" + secret, "LOG_FORMAT=json"}
	f.start()
	f.ada = newBrowser(t, "http://"+f.addr[0])
	f.ada.signUp("ada@example.com")
	f.create()
	return f
}

// start starts the product, and waits until it is ready.
func (f *onFile) start() {
	f.t.Helper()
	path := binary(f.t, build.plain)
	f.run = nil
	for i, command := range map[bool][]string{false: {"serve"}, true: {"api", "bff"}}[f.split] {
		env := append([]string{"ADMIN_ADDR=" + f.addr[2+i]}, f.env...)
		if command == "bff" {
			env = append(env, "BACKEND_URL=http://"+f.addr[1])
		}
		p := start(f.t, path, f.dir, env, command)
		f.run = append(f.run, p)
		f.untilReadyz(i, http.StatusOK)
	}
}

func (f *onFile) untilReadyz(i, want int) {
	f.t.Helper()
	got := 0
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get("http://" + f.addr[2+i] + "/readyz"); err == nil {
			_ = res.Body.Close()
			if got = res.StatusCode; got == want {
				return
			}
		}
	}
	f.t.Fatalf("readyz: got %d, want %d:\n%s", got, want, f.run[i].log)
}

func (f *onFile) stop() {
	f.t.Helper()
	for _, p := range f.run {
		if code := p.stop(); code != 0 {
			f.t.Errorf("got exit code %d, want 0", code)
		}
	}
}

func (f *onFile) create() {
	f.t.Helper()
	f.ada.want(f.ada.send(http.MethodPost, f.ada.origin+"/api/proxy/me/tasks", `{"title":"one"}`), http.StatusCreated, "")
}

// tasks returns the number of tasks that Ada sees.
func (f *onFile) tasks() int {
	f.t.Helper()
	var tasks []json.RawMessage
	list := f.ada.want(f.ada.send(http.MethodGet, f.ada.origin+"/api/proxy/me/tasks", ""), http.StatusOK, "")
	if err := json.Unmarshal([]byte(list.body), &tasks); err != nil {
		f.t.Fatal(err)
	}
	return len(tasks)
}

// sql runs a statement in another process than the product, and returns the first value of
// its result.
func (f *onFile) sql(statement string) string {
	f.t.Helper()
	db := storetest.OpenRaw(f.t, "sqlite:"+f.file)
	defer db.Close()
	rows, err := db.Query(statement)
	f.must(err)
	defer rows.Close()
	columns, err := rows.Columns()
	f.must(err)
	said := make([]sql.NullString, max(1, len(columns)))
	into := make([]any, len(columns))
	for i := range into {
		into[i] = &said[i]
	}
	if rows.Next() {
		f.must(rows.Scan(into...))
	}
	f.must(rows.Err())
	return said[0].String
}

// grow makes backups with one task in them, and then 20 more tasks, partly in the log.
func (f *onFile) grow() {
	f.t.Helper()
	f.stop()
	f.backup["copy"] = filepath.Join(f.dir, "copy")
	f.copy(f.file, f.backup["copy"])
	f.start()
	f.backup["vacuum"] = filepath.Join(f.dir, "vacuum")
	f.sql(`VACUUM INTO '` + f.backup["vacuum"] + `'`)
	for i := range 20 {
		f.create()
		if i == 10 {
			f.sql(`PRAGMA wal_checkpoint(PASSIVE)`)
		}
	}
}

// copy copies like cp: an existing file stays and gets the other content.
func (f *onFile) copy(from, to string) {
	f.t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	f.must(err)
}

func (f *onFile) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}
