package main

import (
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/internal/settings"
)

// TestABackupIsRestoredElsewhere: it is made beside the running server. The restored users sign
// in again, and what was revoked after the backup stays revoked.
func TestABackupIsRestoredElsewhere(t *testing.T) {
	t.Parallel()
	env, file := emptyEnv(t), filepath.Join(t.TempDir(), "backup.db")
	i := start(t, "serve", env)
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	ask := func(base, method, path, body string, want int) {
		t.Helper()
		r, err := http.NewRequest(method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s %s: got %s, want %d", method, path, res.Status, want)
		}
	}
	const user = `{"email":"ada@example.com","password":"paper-lantern-42"}`
	ask(i.log.url("bff"), "POST", "/api/auth/signup", user, 200)
	ask(i.log.url("bff"), "POST", "/api/proxy/me/tasks", `{"title":"kept"}`, 201)

	code, stdout, stderr := once(t, "backup "+file, env)
	secret := filepath.Join(filepath.Dir(strings.TrimPrefix(env["DATABASE_URL"], "sqlite:")), "better-auth-secret")
	if code != exitOK || stderr != "" || !strings.Contains(stdout, "verified") || !strings.Contains(stdout, secret) {
		t.Fatalf("backup: got code %d, %q, %q", code, stdout, stderr)
	}
	if code, _, stderr = once(t, "backup "+file, env); code != exitFailure || !strings.Contains(stderr, "--replace") {
		t.Errorf("backup again: got code %d, %q", code, stderr)
	}
	if code, _, stderr = once(t, "restore "+file, env); code != exitFailure || !strings.Contains(stderr, "stop every vestibule process") {
		t.Errorf("restore beside the server: got code %d, %q", code, stderr)
	}
	i.stop()
	<-i.code

	elsewhere := with(emptyEnv(t), settings.Environment{"BETTER_AUTH_SECRET": readFile(t, secret)})
	if code, stdout, stderr = once(t, "restore "+file, elsewhere); code != exitOK || stderr != "" || !strings.Contains(stdout, "1 session has ended") {
		t.Fatalf("restore: got code %d, %q, %q", code, stdout, stderr)
	}
	if _, stdout, _ = once(t, "audit --event=database-restored", elsewhere); !strings.Contains(stdout, "backup.db") {
		t.Errorf("got the trail %q", stdout)
	}
	j := start(t, "serve", elsewhere)
	at := j.log.url("bff")
	ask(at, "GET", "/api/proxy/me/tasks", "", 401) // the cookie is the one of the old server
	ask(at, "POST", "/api/auth/login", user, 200)
	ask(at, "GET", "/api/proxy/me/tasks/1", "", 200)
	j.stop()
	<-j.code

	code, stdout, stderr = once(t, "restore --keep-sessions "+file, elsewhere)
	if code != exitOK || stderr != "" || !strings.Contains(stdout, "the database that was there is now ") || !strings.Contains(stdout, "0 sessions") {
		t.Fatalf("restore with sessions: got code %d, %q, %q", code, stdout, stderr)
	}
	if _, stdout, _ = once(t, "user sessions ada@example.com", elsewhere); strings.Count(stdout, "ses_") != 1 {
		t.Errorf("got the sessions %q, want the one of the backup", stdout)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// TestBackupAndRestoreSayWhatIsWrong: one line each, with the cure.
func TestBackupAndRestoreSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	env, folder := emptyEnv(t), t.TempDir()
	once(t, "migrate up", settings.Environment{"DATABASE_URL": env["DATABASE_URL"]})
	other := filepath.Join(folder, "other")
	if err := os.WriteFile(other, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	database := strings.TrimPrefix(env["DATABASE_URL"], "sqlite:")
	if err := os.WriteFile(filepath.Join(folder, "beside-wal"), []byte("changes of another file"), 0o600); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(folder, "cut")
	whole, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, whole[:len(whole)/3], 0o600); err != nil {
		t.Fatal(err)
	}
	postgres := with(env, settings.Environment{"DATABASE_URL": pgtest.Database(t)})
	for _, tt := range []struct {
		command string
		env     settings.Environment
		want    string
	}{
		{"backup " + filepath.Join(folder, "none", "b.db"), env, "no such file"},
		{"backup " + other, postgres, "pg_dump"},
		{"restore " + other, postgres, "pg_restore"},
		{"restore " + other, env, "is not a backup of vestibule"},
		{"restore " + filepath.Join(folder, "none"), env, "no such file"},
		{"restore " + folder, env, "it is not a file); " + database + " was not changed"},
		{"restore " + cut, env, "cut is damaged ("},
		{"restore " + database, env, "is the database itself; name a backup of it"},
		{"backup --replace " + database, env, "name another file"},
		{"backup -", env, "cannot go to a pipe"},
		{"backup " + filepath.Join(folder, "beside"), env, "delete the log"},
		{"backup", env, "FILE"},
	} {
		code, stdout, stderr := once(t, tt.command, tt.env)
		if code == exitOK || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: got code %d, %q, %q, want one line with %q", tt.command, code, stdout, stderr, tt.want)
		}
		if strings.Contains(stderr, "unfinished") {
			t.Errorf("%s: got %q, which names a file of ours", tt.command, stderr)
		}
	}
}

// TestABackupBeforeAnUpdate is made by the new version, of the data of the old one.
func TestABackupBeforeAnUpdate(t *testing.T) {
	t.Parallel()
	env, file := emptyEnv(t), filepath.Join(t.TempDir(), "b.db")
	data := settings.Environment{"DATABASE_URL": env["DATABASE_URL"]}
	once(t, "migrate up", data)
	if code, _, stderr := once(t, "migrate down", data); code != exitOK {
		t.Fatalf("got code %d, %q", code, stderr)
	}
	if code, _, stderr := once(t, "backup "+file, env); code != exitOK || stderr != "" {
		t.Errorf("got code %d, %q, want a backup", code, stderr)
	}
	if code, stdout, stderr := once(t, "restore "+file, env); code != exitOK || !strings.Contains(stdout, "applied 00") {
		t.Errorf("got code %d, %q, %q, want it migrated", code, stdout, stderr)
	}
}

// TestAStartAfterAnInterruptedRestoreSaysWhatToDo, and does not advise to begin with a new file.
func TestAStartAfterAnInterruptedRestoreSaysWhatToDo(t *testing.T) {
	t.Parallel()
	env := emptyEnv(t)
	path := strings.TrimPrefix(env["DATABASE_URL"], "sqlite:")
	if err := os.MkdirAll(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"-unfinished-1"), 0o700); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := once(t, "migrate up", settings.Environment{"DATABASE_URL": env["DATABASE_URL"]})
	if code != exitFailure || !strings.Contains(stderr, "run vestibule restore again") || strings.Contains(stderr, "another file") {
		t.Errorf("got code %d, %q", code, stderr)
	}
}
