package doctor

import (
	"testing"

	"vestibule/internal/settings"
)

func TestAPIsThatCanMakeTokensForOthersAreWarnedAbout(t *testing.T) {
	t.Parallel()
	const one = `"upstream":"http://127.0.0.1:1/",`
	database := "sqlite:" + migratedFile(t)
	for name, tt := range map[string]struct {
		by        settings.Side
		algorithm string
		second    string // the rest of the second route
		state     State  // "": not checked
		setting   string
		want      string
	}{
		"a shared secret":         {settings.ForBFF, "HS256", one + `"audience":"b"`, Warning, "JWT_ALGORITHM", "can make tokens for all other APIs"},
		"a shared secret, served": {settings.ForServe, "HS256", one + `"audience":"b"`, Warning, "JWT_ALGORITHM", "the routes have 2 audiences"},
		"a key pair":              {settings.ForBFF, "ES256", one + `"audience":"b"`, OK, "", "2 audiences (ES256)"},
		"one audience":            {settings.ForBFF, "HS256", one + `"audience":"a"`, "", "", ""},
		"one audience, two APIs":  {settings.ForBFF, "ES256", `"upstream":"http://127.0.0.1:2/","audience":"a"`, Warning, "ROUTES", "/api/a/ and /api/b/ lead to different servers"},
		"a route without tokens":  {settings.ForBFF, "HS256", one + `"session":"none"`, "", "", ""},
		"no BFF":                  {settings.ForAPI, "HS256", one + `"audience":"b"`, "", "", ""},
		"an unknown algorithm":    {settings.ForBFF, "RS256", one + `"audience":"b"`, Warning, "JWT_ALGORITHM", "must be usable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := examine(t, tt.by, env(database, settings.Environment{"JWT_ALGORITHM": tt.algorithm,
				"ROUTES": `[{"path":"/api/a/","upstream":"http://127.0.0.1:1/","audience":"a"},{"path":"/api/b/",` + tt.second + `}]`}))
			if some := of(found, "audiences"); tt.state == "" {
				if len(some) != 0 {
					t.Errorf("got %+v, want no check", some)
				}
				return
			}
			wantOne(t, found, "audiences", tt.state, tt.setting, tt.want)
		})
	}
}
