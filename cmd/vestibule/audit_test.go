package main

import (
	"strings"
	"testing"
)

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

// A search for a deleted user that fails must not be reported as an unknown user.
func TestAuditReportsAFailedSearchForAUser(t *testing.T) {
	onConsole(t, func(c *console) {
		c.create("ada@example.com")
		if got := c.do("", 1, "audit", "--user=eve@example.com"); !strings.Contains(got, "no user") {
			c.Errorf("an unknown user: got %q", got)
		}
		c.execute(`ALTER TABLE audit RENAME COLUMN email TO mail`)
		if got := c.do("", 1, "audit", "--user=eve@example.com"); !strings.Contains(got, "DATABASE_URL") {
			c.Errorf("got %q, want the error of the database", got)
		}
		c.execute(`ALTER TABLE "user" RENAME COLUMN email TO mail`)
		if got := c.do("", 1, "audit", "--user=ada@example.com"); !strings.Contains(got, "DATABASE_URL") {
			c.Errorf("got %q, want the error of the database", got)
		}
	})
}
