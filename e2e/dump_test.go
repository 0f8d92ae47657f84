package e2e

import (
	"database/sql"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the store registers no driver by name

	"vestibule/internal/mailtest"
)

// dump returns every text in a database, as somebody with a copy of it has them.
func dump(t *testing.T, databaseURL string) (texts []string) {
	t.Helper()
	driver, dsn, tables := "postgres", databaseURL, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	if path, ok := strings.CutPrefix(databaseURL, "sqlite:"); ok {
		driver, dsn, tables = "sqlite", "file:"+path+"?_busy_timeout=5000", `SELECT name FROM sqlite_schema WHERE type = 'table'`
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range column(t, db, tables) {
		rows, err := db.Query(`SELECT * FROM "` + table + `"`)
		if err != nil {
			t.Fatal(err)
		}
		names, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		cells := make([]any, len(names))
		for i := range cells {
			cells[i] = new(any)
		}
		for rows.Next() {
			if err := rows.Scan(cells...); err != nil {
				t.Fatal(err)
			}
			for _, cell := range cells {
				switch v := (*cell.(*any)).(type) {
				case string:
					texts = append(texts, v)
				case []byte:
					texts = append(texts, string(v))
				}
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		_ = rows.Close()
	}
	return texts
}

func column(t *testing.T, db *sql.DB, query string) (values []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	return values
}

// TestADumpOpensNothing: whoever has a copy of the database can neither take over a
// session nor use a link that was mailed.
func TestADumpOpensNothing(t *testing.T) {
	for _, s := range []shape{shapes[0], shapes[1]} {
		t.Run(s.name, func(t *testing.T) {
			mails := t.TempDir()
			p := launch(t, s, "MAIL_DIR="+mails, "JWT_ALGORITHM=EdDSA", "RATE_LIMIT=off")
			owner, thief := newBrowser(t, p.bff), newBrowser(t, p.bff)
			owner.signUp("ovid@example.com")
			owner.want(owner.send("GET", p.bff+"/api/proxy/me/tasks", ""), 200, "[]")
			for path, body := range map[string]string{
				"request-password-reset":  `{"email":"ovid@example.com"}`,
				"send-verification-email": `{"email":"ovid@example.com"}`,
				"change-email":            `{"newEmail":"naso@example.com"}`,
				"verify-password":         `{"password":"wrong horse"}`,
			} {
				owner.send("POST", p.bff+"/api/auth/"+path, body)
			}
			mailtest.Wait(t, mails, "ovid@example.com", 2)
			mailtest.Wait(t, mails, "naso@example.com", 1)

			value, err := url.QueryUnescape(owner.cookie())
			if err != nil {
				t.Fatal(err)
			}
			token, _, _ := strings.Cut(value, ".")
			secrets := []string{value, token, "password123", "wrong horse", secret}
			for _, address := range []string{"ovid@example.com", "naso@example.com"} {
				for _, text := range mailtest.To(t, mails, address) {
					secrets = append(secrets, regexp.MustCompile(`[\w-]{43}`).FindString(text))
				}
			}
			if len(secrets) != 8 {
				t.Fatalf("got secrets %q, want a cookie and three links among them", secrets)
			}
			texts := dump(t, p.database)
			all := strings.Join(texts, "\n")
			for _, known := range []string{"ovid@example.com", "naso@example.com", "$argon2id$"} { // or the dump is none
				if !strings.Contains(all, known) {
					t.Errorf("the dump lacks %s", known)
				}
			}
			for _, s := range secrets {
				if strings.Contains(all, s) {
					t.Errorf("the dump has the secret %q", s)
				}
			}
			tried := map[string]bool{}
			for _, text := range texts {
				for _, v := range append(regexp.MustCompile(`[^\s:,"{}]+`).FindAllString(text, 50), text) {
					if tried[v] || len(v) > 500 {
						continue
					}
					tried[v] = true
					if a := thief.send("GET", p.bff+"/api/auth/get-session", "", "Cookie", "better-auth.session_token="+url.QueryEscape(v)); a.body != "null" {
						t.Errorf("%q opens a session", v)
					}
					if a := thief.send("POST", p.bff+"/api/auth/reset-password", fmt.Sprintf(`{"token":%q,"newPassword":"another horse"}`, v)); a.status == 200 {
						t.Errorf("%q resets a password", v)
					}
					if a := thief.send("GET", p.bff+"/api/auth/verify-email?token="+url.QueryEscape(v), ""); a.status == 200 {
						t.Errorf("%q verifies an address", v)
					}
				}
			}
			t.Logf("tried %d values of the dump", len(tried))
			owner.want(owner.send("GET", p.bff+"/api/proxy/me/tasks", ""), 200, "[]")
		})
	}
}
