package daemon

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"vestibule/internal/settings"
)

func TestRiskyBaseURLsAreWarnedAbout(t *testing.T) {
	at := &listeners{}
	var err error
	if at.bff, err = listen(t.Context(), "bff", "BFF_ADDR", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer at.close()
	for base, want := range map[string]string{
		"http://app.example.com":    "unencrypted",
		"http://localhost:1":        "another port",
		"https://localhost:3000":    "another port",
		at.bff.url():                "",
		"http://app.localhost:3000": "another port",
	} {
		c := mustLoad(t, settings.ForBFF, settings.Environment{"BASE_URL": base, "BETTER_AUTH_SECRET": goodSecret, "SMTP_URL": "smtps://mail.example.com"})
		log := &logBuffer{}
		warn(c, at, slog.New(slog.NewTextHandler(log, nil)))
		got := log.String()
		if want == "" && got != "" || !strings.Contains(got, want) || want != "" && !strings.Contains(got, "setting=BASE_URL") {
			t.Errorf("%s: got %q, want %q", base, got, want)
		}
	}
}

// A BFF with an https BASE_URL is behind a proxy. If the proxy is not trusted, the
// limits count all clients as one.
func TestMissingTrustedProxiesAreWarnedAbout(t *testing.T) {
	at := &listeners{}
	var err error
	if at.bff, err = listen(t.Context(), "bff", "BFF_ADDR", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer at.close()
	https := settings.Environment{"BASE_URL": "https://app.example.com", "BETTER_AUTH_SECRET": goodSecret, "SMTP_URL": "smtps://mail.example.com"}
	for _, tt := range []struct {
		env  settings.Environment
		want bool
	}{
		{https, true},
		{with(https, settings.Environment{"TRUSTED_PROXIES": "10.0.0.0/8"}), false},
		{settings.Environment{"BASE_URL": at.bff.url()}, false},
	} {
		log := &logBuffer{}
		warn(mustLoad(t, settings.ForBFF, tt.env), at, slog.New(slog.NewTextHandler(log, nil)))
		if got := log.String(); strings.Contains(got, "setting=TRUSTED_PROXIES") != tt.want || tt.want && strings.Count(got, "\n") != 1 {
			t.Errorf("%v: got %q, want a warning: %t", tt.env, got, tt.want)
		}
	}
}

func TestFileMailAndDisabledRateLimitsAreWarnedAbout(t *testing.T) {
	at := &listeners{}
	var err error
	if at.bff, err = listen(t.Context(), "bff", "BFF_ADDR", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer at.close()
	for setting, env := range map[string]settings.Environment{
		"MAIL_DIR":   {"BASE_URL": "https://app.example.com", "TRUSTED_PROXIES": "10.0.0.0/8"},
		"RATE_LIMIT": {"BASE_URL": at.bff.url(), "RATE_LIMIT": "off"},
		"":           {"BASE_URL": at.bff.url()},
	} {
		log := &logBuffer{}
		warn(mustLoad(t, settings.ForBFF, with(env, settings.Environment{"BETTER_AUTH_SECRET": goodSecret})), at, slog.New(slog.NewTextHandler(log, nil)))
		if got := log.String(); (got == "") != (setting == "") || !strings.Contains(got, "setting="+setting) && setting != "" {
			t.Errorf("%v: got %q, want a warning about %q", env, got, setting)
		}
	}
}

func TestTheWelcomeListsTheAddresses(t *testing.T) {
	ctx := t.Context()
	at, err := openListeners(ctx, &settings.Settings{BFFAddr: "127.0.0.1:0", APIAddr: "127.0.0.1:0", AdminAddr: ":0"})
	if err != nil {
		t.Fatal(err)
	}
	defer at.close()
	c := mustLoad(t, settings.ForServe, settings.Environment{"BASE_URL": "http://localhost:4321"})
	if c.ForwardAuthAddr != "" || at.forwardAuth != nil {
		t.Error("got forward auth by default")
	}
	got := welcome(c, at)
	for _, want := range []string{"Open http://localhost:4321 in a browser", "http://localhost:4321/api/auth/signup", at.api.url(), at.admin.url(), "curl"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant it to name %s", got, want)
		}
	}
	if !strings.HasPrefix(at.admin.url(), "http://localhost:") {
		t.Errorf("got %s for every interface, want localhost", at.admin.url())
	}
	at.bff.listener.Close()
	at.bff = nil
	if got := welcome(c, at); strings.Contains(got, "localhost:4321") || !strings.Contains(got, at.api.url()+"/") {
		t.Errorf("the API alone: got %s", got)
	}
}

func TestTheStartSaysWhetherTheTaskAPIRuns(t *testing.T) {
	foreign := settings.Environment{"BACKEND_URL": "http://localhost:4000"}
	for name, tt := range map[string]struct {
		env     settings.Environment
		log     []string
		welcome string
	}{
		"another API":      {with(foreign, settings.Environment{"TASKS_PER_USER": "7"}), []string{"the task API does not run", "serve your own with WEB_DIR", "it has no effect\" setting=TASKS_PER_USER"}, "your own, behind /api/proxy/"},
		"with its own app": {with(foreign, settings.Environment{"WEB_DEV_URL": "http://localhost:5173"}), []string{"the task API does not run"}, "http://localhost:4000/api/whoami"},
		"API_ADDR is set":  {with(foreign, settings.Environment{"API_ADDR": "127.0.0.1:0"}), []string{"the task API runs too"}, "for services, with a bearer token"},
		"routes": {settings.Environment{"ROUTES": `[{"path":"/api/a/","upstream":"http://localhost:9/","audience":"a"}]`, "WEB_DEV_URL": "http://localhost:5173"},
			[]string{"setting=ROUTES value=\"1 routes\""}, "/api/auth/session"},
		"BACKEND_URL is not": {nil, nil, "/api/proxy/me/tasks"},
	} {
		c := mustLoad(t, settings.ForServe, tt.env)
		if c.APIAddr != "" {
			c.APIAddr = "127.0.0.1:0"
		}
		c.BFFAddr, c.AdminAddr = "127.0.0.1:0", "127.0.0.1:0"
		at, err := openListeners(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		log := &logBuffer{}
		tellAPI(c, at, slog.New(slog.NewTextHandler(log, nil)))
		if got := log.String(); strings.Count(got, "\n") != len(tt.log) {
			t.Errorf("%s: got %s, want %q", name, got, tt.log)
		}
		for _, want := range tt.log {
			log.Want(t, want)
		}
		if got := welcome(c, at); !strings.Contains(got, tt.welcome) {
			t.Errorf("%s: got %s, want %q", name, got, tt.welcome)
		}
		at.close()
	}
}

func TestRoutesThatProtectLessThanTheySeemAreWarnedAbout(t *testing.T) {
	routes := func(second string) settings.Environment {
		return settings.Environment{"ROUTES": `[{"path":"/api/a/","upstream":"http://localhost:9/","audience":"a"},` + second + `]`}
	}
	another := routes(`{"path":"/api/b/","upstream":"http://localhost:8/","audience":"b"}`)
	for name, tt := range map[string]struct {
		env  settings.Environment
		want string // in the only warning; "": none
	}{
		"two audiences":                    {another, "can make tokens for all other APIs"},
		"with a key pair":                  {with(another, settings.Environment{"JWT_ALGORITHM": "EdDSA"}), ""},
		"one audience":                     {routes(`{"path":"/api/b/","upstream":"http://localhost:9/b/","audience":"a"}`), ""},
		"one audience, two servers":        {routes(`{"path":"/api/b/","upstream":"http://localhost:8/","audience":"a"}`), `the routes /api/a/ and /api/b/ lead to different servers and share the audience a, `},
		"a public one":                     {routes(`{"path":"/api/b/","upstream":"http://localhost:8/","session":"none"}`), ""},
		"BACKEND_URL behind no route":      {with(routes(`{"path":"/api/b/","upstream":"http://localhost:8/","session":"none"}`), settings.Environment{"BACKEND_URL": "http://localhost:7"}), "no route leads to BACKEND_URL"},
		"BACKEND_URL without other routes": {settings.Environment{"BACKEND_URL": "http://localhost:7"}, ""},
	} {
		log := &logBuffer{}
		warnRoutes(mustLoad(t, settings.ForServe, tt.env), slog.New(slog.NewTextHandler(log, nil)))
		if got := log.String(); tt.want == "" && got != "" || strings.Count(got, "\n") > 1 || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestIgnoredVariablesAreWarnedAbout(t *testing.T) {
	at := &listeners{}
	log := &logBuffer{}
	c := mustLoad(t, settings.ForServe, settings.Environment{"PGCHANNELBINDING": "require", "BASE_URL": "http://localhost:3000"})
	announce(io.Discard, c, at, slog.New(slog.NewTextHandler(log, nil)))
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "has no effect\" setting=PGCHANNELBINDING") {
		t.Errorf("got %q, want one line about PGCHANNELBINDING", got)
	}
}
