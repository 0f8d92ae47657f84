package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/pgtest"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/store"
)

// console runs commands on one database.
type console struct {
	*testing.T
	env settings.Environment
}

// onConsole runs a test on a new migrated database of each engine.
func onConsole(t *testing.T, test func(*console)) {
	t.Helper()
	t.Parallel()
	on := func(t *testing.T, url string) *console {
		return &console{t, settings.Environment{"DATABASE_URL": url}}
	}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "v.db")
		storetest.Fill(t, path)
		test(on(t, "sqlite:"+path))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(on(t, storetest.PostgresURL(t)))
	})
}

// do runs a command with stdin as standard input and checks the exit code. It returns
// the results, or the error message if code is not 0.
func (c *console) do(stdin string, code int, args ...string) string {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	var out, errs bytes.Buffer
	got := run(ctx, args, c.env, strings.NewReader(stdin), &out, &errs)
	if got != code || (code == 0) != (errs.Len() == 0) {
		c.Fatalf("%q: got code %d, stdout %q, stderr %q; want code %d", args, got, out.String(), errs.String(), code)
	}
	if code != 0 {
		if out.Len() != 0 || strings.Count(errs.String(), "\n") != 1 || !strings.HasPrefix(errs.String(), "vestibule: ") {
			c.Errorf("%q: got stdout %q, stderr %q; want one line of error", args, out.String(), errs.String())
		}
		return errs.String()
	}
	return out.String()
}

// rows runs a command with --json and returns its objects.
func (c *console) rows(args ...string) (rows []map[string]any) {
	c.Helper()
	for line := range strings.Lines(c.do("", 0, append(args, "--json")...)) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			c.Fatalf("%q: %v in %q", args, err, line)
		}
		rows = append(rows, row)
	}
	return rows
}

// create creates a user as the command does, but without hashing a password.
func (c *console) create(email string) (id string) {
	c.Helper()
	db := c.open()
	u := bff.NewUser(strings.ToLower(email), "", time.Now())
	e := operatorEvent(store.EventSignUp)
	e.UserID = u.ID
	if err := db.Tx(c.Context(), "test", func(tx *store.Tx) error { return errors.Join(tx.CreateUser(u, "no hash"), tx.Record(e)) }); err != nil {
		c.Fatal(err)
	}
	return u.ID
}

// open opens the database and closes it when the test ends.
func (c *console) open() *store.Store {
	c.Helper()
	db, err := store.Open(c.Context(), c.env["DATABASE_URL"])
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = db.Close() })
	return db
}

// signIn adds a session, as the BFF does.
func (c *console) signIn(userID, id, device string) {
	c.Helper()
	db := c.open()
	e := operatorEvent(store.EventSignIn)
	row := store.Session{ID: id, TokenHash: strings.Repeat("a", 56) + id[len(id)-8:], UserID: userID, UserAgent: device, CreatedAt: e.At, UpdatedAt: e.At, CookieAt: e.At, ExpiresAt: e.At.AddDate(0, 0, 7)}
	e.UserID, e.SessionID = userID, id
	e.Actor, e.IPAddress, e.UserAgent, e.RequestID, e.Detail = store.ActorUser, "192.0.2.1", device, "req1", ""
	if err := db.Tx(c.Context(), "test", func(tx *store.Tx) error { return errors.Join(tx.StartSession(row), tx.Record(e)) }); err != nil {
		c.Fatal(err)
	}
}

func TestUserCommands(t *testing.T) {
	onConsole(t, func(c *console) {
		c.do("paper-lantern-42\n", 0, "user", "create", "Ada@Example.com")
		ada, _ := c.rows("user", "show", "ada@example.com")[0]["id"].(string)
		c.do("paper-lantern-42\n", 0, "user", "create", "bob@example.com", "--name", "Bob % <b>", "--email-verified")
		c.signIn(ada, "ses_aaaaaaaa", "Firefox\x1b[2J\u202e")
		c.signIn(ada, "ses_bbbbbbbb", "curl")

		if got := c.do("", 0, "user", "list"); !strings.Contains(got, "ada@example.com") || !strings.Contains(got, "Bob % <b>") || strings.Count(got, "\n") != 3 {
			c.Errorf("got %s", got)
		}
		if got := c.rows("user", "list", "--search", "b %"); len(got) != 1 || got[0]["email"] != "bob@example.com" || got[0]["emailVerified"] != true || got[0]["disabledAt"] != nil {
			c.Errorf("got %v, want bob alone", got)
		}
		shown := c.rows("user", "show", ada)[0]
		if shown["name"] != "ada" || len(shown["sessions"].([]any)) != 2 || len(shown["accounts"].([]any)) != 1 || shown["lastSignInAt"] == nil {
			c.Errorf("got %v", shown)
		}
		for _, got := range []string{c.do("", 0, "user", "show", "ada@example.com"), c.do("", 0, "user", "sessions", ada), c.do("", 0, "audit")} {
			if strings.ContainsAny(got, "\x1b\u202e") || strings.Contains(got, "argon2") {
				c.Errorf("got %q, want nothing that moves the cursor and no hash", got)
			}
		}

		if got := c.do("", 0, "user", "revoke", ada, "ses_aaaaaaaa"); !strings.Contains(got, "1 session has ended") {
			c.Errorf("got %s", got)
		}
		if got := c.rows("user", "sessions", "ada@example.com"); len(got) != 1 || got[0]["id"] != "ses_bbbbbbbb" {
			c.Errorf("got %v, want the other session", got)
		}
		if got := c.rows("user", "revoke", "--all", ada); got[0]["endedSessions"] != 1.0 {
			c.Errorf("got %v", got)
		}

		c.signIn(ada, "ses_cccccccc", "curl")
		if got := c.do("", 0, "user", "disable", ada); !strings.Contains(got, "ada@example.com is disabled; 1 session has ended") {
			c.Errorf("got %s", got)
		}
		if got := c.do("", 0, "user", "disable", ada); !strings.Contains(got, "was disabled already") {
			c.Errorf("got %s", got)
		}
		if got := c.rows("user", "list", "--disabled"); len(got) != 1 || got[0]["id"] != ada || got[0]["disabledAt"] == nil {
			c.Errorf("got %v", got)
		}
		if got := c.rows("user", "enable", ada); got[0]["disabledAt"] != nil {
			c.Errorf("got %v", got)
		}

		c.signIn(ada, "ses_dddddddd", "curl")
		if got := c.do("another password\r\n", 0, "user", "set-password", ada); !strings.Contains(got, "new password; 1 session has ended") {
			c.Errorf("got %s", got)
		}
		c.do("", 0, "user", "delete", "--yes", "ada@example.com")
		if got := c.rows("user", "list"); len(got) != 1 {
			c.Errorf("got %v, want bob alone", got)
		}
	})
}

func TestUserCommandsRefuse(t *testing.T) {
	onConsole(t, func(c *console) {
		ada := c.create("ada@example.com")
		c.create("eve@example.com")
		c.signIn(ada, "ses_aaaaaaaa", "curl")
		for _, tt := range []struct {
			stdin string
			code  int
			args  string
			want  string
		}{
			{"", 1, "user show nobody@example.com", "no user"},
			{"", 1, "user disable usr_nobody", "no user"},
			{"", 1, "user enable \xff", "no user"},
			{"", 1, "user revoke eve@example.com ses_aaaaaaaa", "no session"},
			{"", 2, "user revoke ada@example.com", "SESSION or --all"},
			{"", 2, "user revoke ada@example.com ses_aaaaaaaa --all", "SESSION or --all"},
			{"", 2, "user show", "lacks USER"},
			{"", 2, "user show a b", "unexpected argument"},
			{"", 2, "user list --colour --size=3 -x", "--colour, --size, --x"},
			{"", 2, "user sideways", "user list, user show"},
			{"", 1, "user delete ada@example.com", "add --yes"},
			{"short\n", 1, "user set-password ada@example.com", "PASSWORD_MIN_LENGTH"},
			{strings.Repeat("x", 200), 1, "user set-password ada@example.com", "too long"},
			{"", 1, "user set-password ada@example.com", "no password"},
			{"pass\x00word\n", 1, "user set-password ada@example.com", "not valid text"},
			{"password\n", 1, "user set-password ada@example.com", "try it first"},
			{"ADA@example.com\n", 1, "user set-password ada@example.com", "the address"},
			{"12345678\n", 1, "user create new@example.com", "PASSWORD_DENY_COMMON"},
			{"somebody.new\n", 1, "user create somebody.new@example.com", "the address"},
			{"--------\n", 1, "user create new@example.com", "repeats one character"},
			{"paper-lantern-42", 1, "user create ADA@example.com", "has an account"},
			{"paper-lantern-42", 2, "user create nobody", "not an e-mail address"},
			{"", 2, "audit --event=nonsense", "sign-in-failed"},
			{"", 2, "audit --since=yesterday", "--since"},
			{"", 2, "audit --until=-1h", "--until"},
			{"", 2, "audit --limit=many", "--limit"},
			{"", 2, "audit --since=0000-05-01", "--since"},
			{"", 2, "audit --until=9999-12-31T23:59:59-01:00", "--until"},
			{"", 2, "audit --ip=localhost", "--ip"},
			{"", 2, "audit --user=\xff", "UTF-8"},
			{"", 2, "audit --session=\xff", "UTF-8"},
			{"", 2, "user list --search=\xff", "UTF-8"},
			{"paper-lantern-42", 2, "user create new@example.com --name=\xff", "UTF-8"},
			{"paper-lantern-42", 2, "user create new@example.com --name=" + strings.Repeat("x", 1025), "--name"},
			{"", 1, "audit --user nobody@example.com", "no user"},
		} {
			if got := c.do(tt.stdin, tt.code, strings.Fields(tt.args)...); !strings.Contains(got, tt.want) {
				c.Errorf("%s: got %q, want %q in it", tt.args, got, tt.want)
			}
		}
		if got := c.rows("user", "sessions", ada); len(got) != 1 {
			c.Error("a refused command has ended a session")
		}
	})
}

func TestDataCommandsNeedAMigratedDatabase(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "typo.db")
	c := &console{t, settings.Environment{"DATABASE_URL": "sqlite:" + missing}}
	if got := c.do("", 1, "user", "list"); !strings.Contains(got, "DATABASE_URL") {
		t.Errorf("got %s", got)
	}
	if found, _ := filepath.Glob(missing + "*"); len(found) != 0 {
		t.Errorf("got %v, want no new file at the mistyped path", found)
	}
	c.env["DATABASE_URL"] = pgtest.Database(t)
	if got := c.do("", 1, "audit"); !strings.Contains(got, "migrate up") {
		t.Errorf("got %s", got)
	}
}

func TestAudit(t *testing.T) {
	onConsole(t, func(c *console) {
		ada := c.create("ada@example.com")
		c.signIn(ada, "ses_aaaaaaaa", "curl")
		c.do("", 0, "user", "disable", ada)
		c.do("", 0, "user", "delete", "--yes", ada)
		kinds := func(args ...string) (kinds []string) {
			for _, row := range c.rows(append([]string{"audit"}, args...)...) {
				kinds = append(kinds, row["event"].(string))
			}
			return kinds
		}
		for args, want := range map[string]string{
			"":                                      "user-deleted session-revoked user-disabled sign-in sign-up",
			"--user=" + ada:                         "user-deleted session-revoked user-disabled sign-in sign-up",
			"--user=ADA@example.com":                "user-deleted session-revoked user-disabled sign-in sign-up", // though deleted
			"--limit=2":                             "user-deleted session-revoked",
			"--event=sign-in":                       "sign-in",
			"--ip=192.0.2.1":                        "sign-in",
			"--ip=::ffff:192.0.2.1":                 "sign-in",
			"--email=ADA@example.com":               "user-deleted",
			"--since=0001-01-01 --until=9999-12-31": "user-deleted session-revoked user-disabled sign-in sign-up",
			"--request-id=req1":                     "sign-in",
			"--session=ses_aaaaaaaa":                "session-revoked sign-in",
			"--since=1h --limit=0":                  "user-deleted session-revoked user-disabled sign-in sign-up",
			"--until=1h":                            "",
			"--until=2026-01-01":                    "",
			"--user=usr_nobody":                     "",
		} {
			if got := strings.Join(kinds(strings.Fields(args)...), " "); got != want {
				c.Errorf("%s: got %s, want %s", args, got, want)
			}
		}
		row := c.rows("audit", "--event=user-disabled")[0]
		if row["actor"] != "operator" || row["userId"] != ada || row["ipAddress"] != nil || !strings.HasSuffix(row["at"].(string), "Z") || len(row["at"].(string)) != 24 {
			c.Errorf("got %v", row)
		}
	})
}

// A list of several pages has every row once, in aligned columns.
func TestALongListHasEveryRowOnce(t *testing.T) {
	onConsole(t, func(c *console) {
		const users = 2*outputPage + 3
		rows := make([]string, users)
		for i := range users {
			rows[i] = fmt.Sprintf("('usr_%06d', '%s', 'u%04d@example.com', false, '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z')", i, strings.Repeat("é", 1+i%20), i)
		}
		c.execute(`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt") VALUES ` + strings.Join(rows, ", "))
		lines := strings.Split(strings.TrimSuffix(c.do("", 0, "user", "list"), "\n"), "\n")
		if len(lines) != users+1 {
			c.Fatalf("got %d lines, want %d and a header", len(lines), users)
		}
		column := func(line, cell string) int { return len([]rune(line[:strings.Index(line, cell)])) }
		for i, line := range lines[1:] {
			if !strings.HasPrefix(line, fmt.Sprintf("usr_%06d  u%04d@example.com ", i, i)) || column(line, " no ") != column(lines[0], " VERIFIED") {
				c.Fatalf("got line %q under %q", line, lines[0])
			}
		}
		if got := len(c.rows("user", "list")); got != users {
			c.Errorf("got %d objects, want %d", got, users)
		}
	})
}

func TestAFailedWriteOfResultsIsAnError(t *testing.T) {
	onConsole(t, func(c *console) {
		c.create("ada@example.com")
		for _, args := range []string{"user list", "user list --json", "user show ada@example.com", "audit"} {
			var errs bytes.Buffer
			code := run(c.Context(), strings.Fields(args), c.env, strings.NewReader(""), full{}, &errs)
			if code != exitFailure || !strings.Contains(errs.String(), "cannot be written (no space left)") || strings.Contains(errs.String(), "DATABASE_URL") {
				c.Errorf("%s: got code %d, %q", args, code, errs.String())
			}
		}
	})
}

// full is a writer that always fails, like a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }
