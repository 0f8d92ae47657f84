package main

import (
	"crypto/x509"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/quicktest"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/testtls"
)

// withTLS starts a PostgreSQL whose certificate is for localhost alone, and returns the URL of
// its database without sslmode, and the files of its authority and of another one.
func withTLS(t *testing.T) (url, authority, other string) {
	t.Helper()
	quicktest.Skip(t, "PostgreSQL")
	own, stranger := testtls.NewAuthority(t), testtls.NewAuthority(t)
	crt, key := testtls.Files(t, own.Issue(t, &x509.Certificate{
		DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}))
	folder := pgtest.Folder(t)
	for from, name := range map[string]string{crt: "server.crt", key: "server.key"} {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		pgtest.Own(t, filepath.Join(folder, name))
	}
	server := pgtest.NewServer(t, "-c", "ssl=on", "-c", "ssl_cert_file="+folder+"/server.crt", "-c", "ssl_key_file="+folder+"/server.key")
	url = strings.TrimSuffix(server.Database(t), "?sslmode=disable")
	files := t.TempDir()
	authority, other = filepath.Join(files, "authority.crt"), filepath.Join(files, "other.crt")
	for name, a := range map[string]*testtls.Authority{authority: own, other: stranger} {
		if err := os.WriteFile(name, a.PEM, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return url, authority, other
}

// TestTLSToPostgreSQL runs what docs/deploy.md says about sslmode, and the mistakes.
func TestTLSToPostgreSQL(t *testing.T) {
	t.Parallel()
	byAddress, authority, other := withTLS(t)
	byName := strings.Replace(byAddress, "127.0.0.1", "localhost", 1)
	env := with(emptyEnv(t), settings.Environment{"BETTER_AUTH_SECRET": goodSecret, "MIGRATE": "true"})

	good := with(env, settings.Environment{"DATABASE_URL": byName + "?sslmode=verify-full&sslrootcert=" + authority})
	i := start(t, "serve", good)
	useTasks(t, i.log.url("bff"))
	db, err := sql.Open("postgres", byAddress+"?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var encrypted, all int
	err = db.QueryRow(`SELECT count(*) FILTER (WHERE ssl), count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
		WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&encrypted, &all)
	if err != nil || all == 0 || encrypted != all {
		t.Errorf("got %d encrypted connections of %d, error %v, want all", encrypted, all, err)
	}
	i.stop()

	const cure = "set sslrootcert"
	for name, tt := range map[string]struct{ url, want string }{
		"another authority":        {byName + "?sslmode=verify-full&sslrootcert=" + other, cure},
		"another authority, by CA": {byName + "?sslmode=verify-ca&sslrootcert=" + other, cure},
		"another one by require":   {byName + "?sslmode=require&sslrootcert=" + other, cure},
		"no authority":             {byName + "?sslmode=verify-full", cure},
		"another name":             {byAddress + "?sslmode=verify-full&sslrootcert=" + authority, "as it is in the certificate"},
		"a misspelt parameter":     {byName + "?sslmod=verify-full", "sslmod"},
		"a server without TLS":     {strings.Replace(storetest.PostgresURL(t), "sslmode=disable", "sslmode=verify-full", 1), "sslmode=disable"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := once(t, "serve", with(env, settings.Environment{"DATABASE_URL": tt.url}))
			if code != exitFailure || !strings.Contains(stderr, tt.want) || strings.Contains(stderr, "pgtest-password") {
				t.Errorf("got code %d, %s; want code %d and %q", code, stderr, exitFailure, tt.want)
			}
			oneError(t, stderr, "DATABASE_URL")
		})
	}
}
