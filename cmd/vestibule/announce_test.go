package main

import (
	"log/slog"
	"strings"
	"testing"
)

func TestSurprisingSettingsAreWarnedAbout(t *testing.T) {
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
		c := mustLoad(t, forBFF, environment{"BASE_URL": base, "BETTER_AUTH_SECRET": goodSecret, "SMTP_URL": "smtps://mail.example.com"})
		log := &logBuffer{}
		warn(c, at, slog.New(slog.NewTextHandler(log, nil)))
		got := log.String()
		if want == "" && got != "" || !strings.Contains(got, want) || want != "" && !strings.Contains(got, "setting=BASE_URL") {
			t.Errorf("%s: got %q, want %q", base, got, want)
		}
	}
}

// TestAProxyThatIsNotTrustedIsWarnedAbout: where the BFF is public over https there
// is one, and without its address everybody is one client to the limits.
func TestAProxyThatIsNotTrustedIsWarnedAbout(t *testing.T) {
	at := &listeners{}
	var err error
	if at.bff, err = listen(t.Context(), "bff", "BFF_ADDR", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer at.close()
	https := environment{"BASE_URL": "https://app.example.com", "BETTER_AUTH_SECRET": goodSecret, "SMTP_URL": "smtps://mail.example.com"}
	for _, tt := range []struct {
		env  environment
		want bool
	}{
		{https, true},
		{https.with(environment{"TRUSTED_PROXIES": "10.0.0.0/8"}), false},
		{environment{"BASE_URL": at.bff.url()}, false},
	} {
		log := &logBuffer{}
		warn(mustLoad(t, forBFF, tt.env), at, slog.New(slog.NewTextHandler(log, nil)))
		if got := log.String(); strings.Contains(got, "setting=TRUSTED_PROXIES") != tt.want || tt.want && strings.Count(got, "\n") != 1 {
			t.Errorf("%v: got %q, want a warning: %t", tt.env, got, tt.want)
		}
	}
}

func TestOpenDoorsAreWarnedAbout(t *testing.T) {
	at := &listeners{}
	var err error
	if at.bff, err = listen(t.Context(), "bff", "BFF_ADDR", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer at.close()
	for setting, env := range map[string]environment{
		"MAIL_DIR":   {"BASE_URL": "https://app.example.com", "TRUSTED_PROXIES": "10.0.0.0/8"},
		"RATE_LIMIT": {"BASE_URL": at.bff.url(), "RATE_LIMIT": "off"},
		"":           {"BASE_URL": at.bff.url()},
	} {
		log := &logBuffer{}
		warn(mustLoad(t, forBFF, env.with(environment{"BETTER_AUTH_SECRET": goodSecret})), at, slog.New(slog.NewTextHandler(log, nil)))
		if got := log.String(); (got == "") != (setting == "") || !strings.Contains(got, "setting="+setting) && setting != "" {
			t.Errorf("%v: got %q, want a warning about %q", env, got, setting)
		}
	}
}

func TestVariablesWithoutEffectAreWarnedAbout(t *testing.T) {
	log := &logBuffer{}
	warnWithoutEffect(environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "BASE_URL": "http://localhost:3000"}, slog.New(slog.NewTextHandler(log, nil)))
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "setting=OTEL_EXPORTER_OTLP_ENDPOINT") {
		t.Errorf("got %q, want one line about OTEL_EXPORTER_OTLP_ENDPOINT", got)
	}
	for _, name := range withoutEffect {
		for _, s := range forServe.settings() {
			if s.name == name {
				t.Errorf("%s is said to have no effect, and is read", name)
			}
		}
	}
}

func TestTheWelcomeShowsWhereToGo(t *testing.T) {
	ctx := t.Context()
	at, err := openListeners(ctx, &config{bffAddr: "127.0.0.1:0", apiAddr: "127.0.0.1:0", adminAddr: ":0"})
	if err != nil {
		t.Fatal(err)
	}
	defer at.close()
	c := mustLoad(t, forServe, environment{"BASE_URL": "http://localhost:4321"})
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
	if got := welcome(c, at); strings.Contains(got, "4321") || !strings.Contains(got, at.api.url()+"/") {
		t.Errorf("the API alone: got %s", got)
	}
}
