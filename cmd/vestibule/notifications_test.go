package main

import (
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// TestNotificationsThatDoNotArriveFailHealth, whatever is wrong with DATABASE_LISTEN_URL.
// Requests are answered, so the instance stays in service.
func TestNotificationsThatDoNotArriveFailHealth(t *testing.T) {
	t.Parallel()
	for name, listenAt := range map[string]func(url string) string{
		"no server":          func(string) string { return "postgres://u:hunter2@" + closedPort + "/x" },
		"another password":   func(url string) string { return strings.Replace(url, "pgtest-password", "hunter2", 1) },
		"another database":   func(string) string { return pgtest.Database(t) },
		"a pooler":           func(url string) string { return pgtest.PgBouncer(t, url) },
		"the right database": func(url string) string { return url },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := storetest.PostgresURL(t)
			i := start(t, "serve", with(testEnv(t), settings.Environment{
				"DATABASE_URL": url, "DATABASE_LISTEN_URL": listenAt(url), "BETTER_AUTH_SECRET": goodSecret,
			}))
			admin := i.log.url("admin")
			want, text, failing := http.StatusServiceUnavailable, `"notifications":"failing"`, 2 // the status, and one check
			if name == "the right database" {
				want, text, failing = http.StatusOK, `"notifications":"ok"`, 0
			}
			waittest.Until(t, text, func() bool {
				code, body := request(t, http.DefaultClient, http.MethodGet, admin+"/healthz", "")
				return code == want && strings.Contains(body, text) && strings.Count(body, `"failing"`) == failing
			})
			if code, body := request(t, http.DefaultClient, http.MethodGet, admin+"/readyz", ""); code != http.StatusOK || strings.Contains(body, "notifications") {
				t.Errorf("readyz: got %d %s, want 200", code, body)
			}
			useTasks(t, i.log.url("bff"))
			if strings.Contains(i.log.String(), "hunter2") {
				t.Error("got a password in the log")
			}
		})
	}
}
