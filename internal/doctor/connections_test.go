package doctor

import (
	"strings"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
)

// TestFiveProcessesShouldFit: the server of the tests has 200 connections, 3 of them for
// superusers.
func TestFiveProcessesShouldFit(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	d := storetest.Open(t, url)
	role := "few_" + strings.ToLower(storetest.NewHash()[:16])
	d.Exec(t, `CREATE ROLE `+role+` LOGIN PASSWORD 'pgtest-password' CONNECTION LIMIT 30`)
	t.Cleanup(func() { d.Exec(t, `DROP ROLE `+role) })
	limited := strings.Replace(url, "//pgtest:", "//"+role+":", 1)
	for _, tt := range []struct {
		url, each string
		state     State
		want      string
	}{
		{url, "39", OK, "PostgreSQL allows 197 (max_connections)"},
		{url, "40", Warning, "fewer than 5 processes fit"},
		{url, "198", Failure, "is 198, and PostgreSQL allows 197 (max_connections)"},
		{limited, "18", Warning, "allows 30 (the CONNECTION LIMIT of the role)"},
	} {
		setting := "DATABASE_MAX_CONNS"
		if tt.state == OK {
			setting = ""
		}
		found := examine(t, settings.ForBFF, env(tt.url, settings.Environment{"DATABASE_MAX_CONNS": tt.each}))
		wantOne(t, found, "connections", tt.state, setting, tt.want)
	}
}

// TestNotificationsThatDoNotArriveAreExplained: through a pooler in transaction mode, and
// from another database.
func TestNotificationsThatDoNotArriveAreExplained(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	pooler := pgtest.PgBouncer(t, direct)
	const own = "DATABASE_LISTEN_URL"
	for name, tt := range map[string]struct {
		url, listen    string
		hear           time.Duration // 0: what tests wait for a healthy one
		state          State
		setting, want  string
		connectionText string
	}{
		"directly":                   {url: direct, state: OK, want: "they arrive", connectionText: "PostgreSQL allows"},
		"through a pooler":           {url: pooler, hear: hearWithin, state: Warning, setting: own, want: "like a pooler in transaction mode", connectionText: "compare that with the pooler's limits"},
		"past the pooler":            {url: pooler, listen: direct, state: OK, want: "they arrive, on the connection of DATABASE_LISTEN_URL", connectionText: "compare that with the pooler's limits"},
		"through the pooler as well": {url: direct, listen: pooler, hear: hearWithin, state: Failure, setting: own, want: "without a pooler"},
		"of another database":        {url: direct, listen: pgtest.Database(t), hear: hearWithin, state: Failure, setting: own, want: "leads to another database"},
		"of nobody":                  {url: direct, listen: "postgres://u:hunter2@127.0.0.1:1/x", state: Failure, setting: own, want: "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, faults := settings.Examine(settings.ForBFF, nil, env(tt.url, settings.Environment{own: tt.listen}))
			in := &Installation{Settings: c, Faults: faults, By: settings.ForBFF, hear: tt.hear}
			if tt.hear == 0 {
				in.hear = farLimit
			}
			found := examined(t, in)
			wantOne(t, found, "notifications", tt.state, tt.setting, tt.want)
			if tt.state == OK {
				for _, check := range []string{"database", "schema", "writes", "triggers", "secrets", "keys"} {
					wantOne(t, found, check, OK, "")
				}
			}
			wantOne(t, found, "connections", OK, "", tt.connectionText)
		})
	}
}

// farLimit is a time limit that no test reaches.
const farLimit = time.Hour
