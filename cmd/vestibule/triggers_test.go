package main

import (
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

// TestTriggersThatDoNotFireFailHealth: the instance stays in service, because from then on
// each request asks the database, and a session that is ended by hand opens nothing.
func TestTriggersThatDoNotFireFailHealth(t *testing.T) {
	onConsole(t, func(c *console) {
		stop, repair := `ALTER TABLE session DISABLE TRIGGER session_ended`, `ALTER TABLE session ENABLE ALWAYS TRIGGER session_ended;`
		if strings.HasPrefix(c.env["DATABASE_URL"], "sqlite:") {
			stop = `DROP TRIGGER session_ended`
			repair = `CREATE TRIGGER session_ended AFTER DELETE ON session BEGIN UPDATE session_changes SET n = n + 1; END;`
		}
		i := start(c.T, "serve", with(testEnv(c.T), settings.Environment{"DATABASE_URL": c.env["DATABASE_URL"], "BETTER_AUTH_SECRET": goodSecret}))
		bff, admin := i.log.url("bff"), i.log.url("admin")
		ada := browser(c.T)
		if code, body := request(c.T, ada, http.MethodPost, bff+"/api/auth/signup", account); code != http.StatusOK {
			c.Fatalf("sign-up: got %d %s", code, body)
		}
		proxied := func(want int) {
			c.Helper()
			if code, body := request(c.T, ada, http.MethodGet, bff+"/api/proxy/me/tasks", ""); code != want {
				c.Errorf("proxied request: got %d %s, want %d", code, body, want)
			}
		}
		is := func(code int, text string) {
			c.Helper()
			waittest.Until(c.T, text, func() bool {
				got, body := request(c.T, http.DefaultClient, http.MethodGet, admin+"/healthz", "")
				return got == code && strings.Contains(body, text)
			})
		}
		is(http.StatusOK, `"triggers":"ok"`)
		proxied(http.StatusOK)
		c.execute(stop)
		is(http.StatusServiceUnavailable, `"triggers":"failing"`)
		if got := waittest.Status(admin + "/readyz"); got != http.StatusOK {
			c.Errorf("readyz: got %d, want 200", got)
		}
		proxied(http.StatusOK)
		c.execute(`DELETE FROM session`)
		proxied(http.StatusUnauthorized)
		c.execute(repair)
		is(http.StatusOK, `"triggers":"ok"`)
		waittest.Until(c.T, "the end is logged", func() bool { return strings.Contains(i.log.String(), "the triggers on sessions work again") })
		for _, text := range []string{"does not tell of the ends of sessions", "run " + repair, "triggers on sessions work again"} {
			if n := strings.Count(i.log.String(), text); n != 1 {
				c.Errorf("%q: got it %d times in the log, want once", text, n)
			}
		}
	})
}
