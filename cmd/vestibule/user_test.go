package main

import (
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/internal/settings"
)

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
			{"--------\n", 1, "user create new@example.com", "is one character, repeated"},
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
	t.Parallel()
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
