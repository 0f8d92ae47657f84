package e2e

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the store registers no driver by name

	"vestibule/internal/mailtest"
	"vestibule/internal/storetest"
)

// dump returns every text in a database, as a thief of a copy has them.
func dump(t *testing.T, databaseURL string) (texts []string) {
	t.Helper()
	tables := `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	if strings.HasPrefix(databaseURL, "sqlite:") {
		tables = `SELECT name FROM sqlite_schema WHERE type = 'table'`
	}
	db := storetest.OpenRaw(t, databaseURL)
	defer db.Close()
	for _, table := range column(t, db.DB, tables) {
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

// TestADumpOpensNothing: a thief of a copy of the database cannot take over a session, use a
// mailed link or act as a service.
func TestADumpOpensNothing(t *testing.T) {
	t.Parallel()
	for _, s := range []shape{shapes[0], shapes[1]} {
		t.Run(s.name, func(t *testing.T) {
			mails := t.TempDir()
			p := launch(t, s, "MAIL_DIR="+mails, "JWT_ALGORITHM=EdDSA", "RATE_LIMIT=off")
			owner := newBrowser(t, p.bff)
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
			mailtest.Wait(t, mails, "ovid@example.com", 3)
			mailtest.Wait(t, mails, "naso@example.com", 1)

			value, err := url.QueryUnescape(owner.cookie())
			if err != nil {
				t.Fatal(err)
			}
			token, _, _ := strings.Cut(value, ".")
			secrets := []string{value, token, "paper-lantern-42", "wrong horse", secret}
			for _, address := range []string{"ovid@example.com", "naso@example.com"} {
				for _, text := range mailtest.To(t, mails, address) {
					secrets = append(secrets, regexp.MustCompile(`[\w-]{43}`).FindString(text))
				}
			}
			if len(secrets) != 9 {
				t.Fatalf("got secrets %q, want a cookie and four links among them", secrets)
			}
			client, clientSecret := p.client("reports", "--scope=tasks:read")
			p.accessToken(p.grant(client, clientSecret, "grant_type=client_credentials"))
			secrets = append(secrets, clientSecret)
			texts := dump(t, p.database)
			all := strings.Join(append(texts, rawFiles(t, p)...), "\n")
			for _, known := range []string{"ovid@example.com", "naso@example.com", "$argon2id$"} { // proves that the dump is complete
				if !strings.Contains(all, known) {
					t.Errorf("the dump lacks %s", known)
				}
			}
			for _, s := range secrets {
				if strings.Contains(all, s) {
					t.Errorf("the dump has the secret %q", s)
				}
			}
			if got := signed(t, token); got != value { // proves that the thief below signs correctly
				t.Fatalf("got %q for the cookie that is %q", got, value)
			}
			opensNothing(t, p, texts)
			for _, text := range texts {
				if a := p.grant(client, url.QueryEscape(text), "grant_type=client_credentials"); text != "" && a.status == 200 {
					t.Errorf("as a client's secret, %q: got %v", text, a)
				}
			}
			owner.want(owner.send("GET", p.bff+"/api/proxy/me/tasks", ""), 200, "[]")
		})
	}
}

// rawFiles returns the content of a SQLite database's files, with deleted rows and the
// write-ahead log.
func rawFiles(t *testing.T, p *product) (files []string) {
	t.Helper()
	path, ok := strings.CutPrefix(p.database, "sqlite:")
	if !ok {
		return nil
	}
	names, err := filepath.Glob(path + "*")
	if err != nil || len(names) == 0 {
		t.Fatalf("got files %v, %v", names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, string(data))
	}
	return files
}

// signed returns a cookie as the server signs it.
func signed(t *testing.T, token string) string {
	t.Helper()
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "vestibule/cookie/v1", sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(token))
	return token + "." + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// opensNothing tries every value of a dump, and every word in it, as a cookie and as the
// token of each kind of link. The thief also has the server's secret, and signs cookies
// with it.
func opensNothing(t *testing.T, p *product, texts []string) {
	t.Helper()
	thief := newBrowser(t, p.bff)
	words := regexp.MustCompile(`[^\s:,"{}]+`)
	tried := map[string]bool{"": true}
	for _, text := range texts {
		for _, v := range append(words.FindAllString(text, 50), text) {
			if tried[v] || len(v) > 500 {
				continue
			}
			tried[v] = true
			for _, cookie := range []string{v, signed(t, v)} {
				if a := thief.send("GET", p.bff+"/api/auth/get-session", "", "Cookie", "better-auth.session_token="+url.QueryEscape(cookie)); a.status != 200 || a.body != "null" {
					t.Errorf("as a cookie, %q: got %v, want no session", cookie, a)
				}
			}
			body, err := json.Marshal(map[string]string{"token": v, "newPassword": "another horse"})
			if err != nil {
				t.Fatal(err)
			}
			if a := thief.send("POST", p.bff+"/api/auth/reset-password", string(body)); a.status != 400 {
				t.Errorf("as a link to a new password, %q: got %v, want 400", v, a)
			}
			for _, path := range []string{"verify-email", "undo-email"} {
				if a := thief.send("POST", p.bff+"/api/auth/"+path, string(body)); a.status != 401 {
					t.Errorf("as a link, %q at %s: got %v, want 401", v, path, a)
				}
			}
			if a := thief.send("GET", p.bff+"/api/auth/verify-email?token="+url.QueryEscape(v), ""); a.status != 401 {
				t.Errorf("as a link that verifies, %q: got %v, want 401", v, a)
			}
		}
	}
	if len(tried) < 20 {
		t.Errorf("got %d values, want those of a database that was used", len(tried))
	}
}
