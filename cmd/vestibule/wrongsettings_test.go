package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

// hunter is in settings that a test makes wrong. Nothing may print it.
const hunter = "hunter2-hunter2-hunter2-hunter2-x"

// wrongSettings are mistakes that operators make. PATH in a value is a folder with these files:
// short, spaced and secret, which are secrets, routes.yml, and the empty folder dist.
var wrongSettings = []struct {
	name    string
	env     settings.Environment
	setting string // that the message names
	cure    string // a part of the cure
}{
	{"a letter is missing in a name", settings.Environment{"TRUSTED_ORIGIN": "https://a.example"}, "TRUSTED_ORIGIN", "write TRUSTED_ORIGINS"},
	{"the name of Better Auth", settings.Environment{"BETTER_AUTH_URL": "https://a.example"}, "BETTER_AUTH_URL", "set BASE_URL instead"},
	{"a path in BASE_URL", settings.Environment{"BASE_URL": "https://a.example/app"}, "BASE_URL", "write https://a.example"},
	{"no scheme in BASE_URL", settings.Environment{"BASE_URL": "app.example.com"}, "BASE_URL", "write it like https://app.example.com"},
	{"quotation marks from a file of variables", settings.Environment{"BASE_URL": `"https://a.example"`}, "BASE_URL", "remove them"},
	{"quotation marks around a secret URL", settings.Environment{"DATABASE_URL": "'postgres://u:" + hunter + "@h/x'"}, "DATABASE_URL", "remove them"},
	{"a line end from Windows", settings.Environment{"LOG_LEVEL": "debug\r"}, "LOG_LEVEL", "line ends of Unix"},
	{"a variable that nobody has replaced", settings.Environment{"BASE_URL": "https://${DOMAIN}"}, "BASE_URL", "write the value itself"},
	{"http for a public host, without a secret", settings.Environment{"BASE_URL": "http://a.example"}, "BETTER_AUTH_SECRET", "openssl rand -hex 32"},
	{"days", settings.Environment{"SESSION_EXPIRES_IN": "7d"}, "SESSION_EXPIRES_IN", "like 168h"},
	{"seconds without a unit", settings.Environment{"JWT_EXPIRES_IN": "300"}, "JWT_EXPIRES_IN", "with a unit"},
	{"the unit of another program", settings.Environment{"PROXY_BODY_LIMIT": "10M"}, "PROXY_BODY_LIMIT", "10MiB"},
	{"a short secret in a file", settings.Environment{"BETTER_AUTH_SECRET_FILE": "PATH/short"}, "BETTER_AUTH_SECRET", "openssl rand -hex 32"},
	{"an empty line behind a secret", settings.Environment{"BETTER_AUTH_SECRET_FILE": "PATH/spaced"}, "BETTER_AUTH_SECRET", "remove it"},
	{"a file of a secret that does not exist", settings.Environment{"BETTER_AUTH_SECRET_FILE": "PATH/secrt"}, "BETTER_AUTH_SECRET_FILE", "name a readable file"},
	{"quotation marks around the path of a secret", settings.Environment{"BETTER_AUTH_SECRET_FILE": `"PATH/secret"`}, "BETTER_AUTH_SECRET_FILE", "remove them"},
	{"a secret in place of its file", settings.Environment{"BETTER_AUTH_SECRET_FILE": hunter}, "BETTER_AUTH_SECRET_FILE", "name a readable file"},
	{"a secret that begins with a slash in place of its file", settings.Environment{"BETTER_AUTH_SECRET_FILE": "/" + hunter}, "BETTER_AUTH_SECRET_FILE", "name a readable file"},
	{"a URL in place of its file", settings.Environment{"DATABASE_URL": "", "DATABASE_URL_FILE": "postgres://u:" + hunter + "@h/x"}, "DATABASE_URL_FILE", "name a readable file"},
	{"a secret and its file", settings.Environment{"BETTER_AUTH_SECRET": hunter, "BETTER_AUTH_SECRET_FILE": "PATH/secret"}, "BETTER_AUTH_SECRET", "unset one of them"},
	{"a list in BETTER_AUTH_SECRET_PREVIOUS", settings.Environment{"BETTER_AUTH_SECRET_PREVIOUS": hunter + "," + hunter}, "BETTER_AUTH_SECRET_PREVIOUS", "finish one change before the next"},
	{"a name in TRUSTED_PROXIES", settings.Environment{"TRUSTED_PROXIES": "proxy.internal"}, "TRUSTED_PROXIES", "10.0.0.0/8"},
	{"everybody in TRUSTED_PROXIES", settings.Environment{"TRUSTED_PROXIES": "0.0.0.0/0"}, "TRUSTED_PROXIES", "only the networks of your proxies"},
	{"one port for two listeners", settings.Environment{"BFF_ADDR": ":3000", "API_ADDR": "localhost:3000"}, "API_ADDR", "its own port"},
	{"ADMIN_ADDR as BFF_ADDR", settings.Environment{"BFF_ADDR": ":3000", "ADMIN_ADDR": ":3000"}, "ADMIN_ADDR", "its own port"},
	{"a port alone", settings.Environment{"BFF_ADDR": "3000"}, "BFF_ADDR", "write localhost:3000"},
	{"an underscore in sslmode", settings.Environment{"DATABASE_URL": "postgres://u:" + hunter + "@h/x?sslmode=verify_full"}, "DATABASE_URL", "verify-full"},
	{"a certificate that is not there", settings.Environment{"DATABASE_URL": "postgres://u:" + hunter + "@h/x?sslmode=require&sslrootcert=PATH/ca.crt"}, "DATABASE_URL", "no such file"},
	{"the URL of another driver", settings.Environment{"DATABASE_URL": "jdbc:postgresql://h/x?user=u&password=" + hunter}, "DATABASE_URL", "write sqlite:PATH or postgres://"},
	{"a # in the password", settings.Environment{"DATABASE_URL": "postgres://u:" + hunter + "#x@h/x"}, "DATABASE_URL", "%23 for #"},
	{"a path without sqlite:", settings.Environment{"DATABASE_URL": "PATH/v.db"}, "DATABASE_URL", "write sqlite:PATH"},
	{"a mail server without a scheme", settings.Environment{"SMTP_URL": "mail.example.com:587"}, "SMTP_URL", "write smtp://"},
	{"STARTTLS at the port of TLS", settings.Environment{"SMTP_URL": "smtp://u:" + hunter + "@mail.example.com:465"}, "SMTP_URL", "write smtps://"},
	{"mails to a server and into a folder", settings.Environment{"SMTP_URL": "smtp://localhost", "MAIL_DIR": "PATH"}, "MAIL_DIR", "unset one of them"},
	{"a collector without a scheme", settings.Environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT", "write it like http://localhost:4318"},
	{"a collector for gRPC", settings.Environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL", "4318"},
	{"a file of routes that does not exist", settings.Environment{"ROUTES_FILE": "PATH/routes.json"}, "ROUTES_FILE", "name a readable file"},
	{"YAML in place of JSON", settings.Environment{"ROUTES_FILE": "PATH/routes.yml"}, "ROUTES_FILE", "check the quotes"},
	{"an app that was not built", settings.Environment{"WEB_DIR": "PATH/dist"}, "WEB_DIR", "build the app first"},
	{"true in place of on", settings.Environment{"SIGN_UP": "true"}, "SIGN_UP", "use on or off"},
	{"a level of another program", settings.Environment{"LOG_LEVEL": "warning"}, "LOG_LEVEL", "warn"},
	{"SameSite=None over http", settings.Environment{"COOKIE_SAMESITE": "none"}, "COOKIE_SAMESITE", "https BASE_URL"},
	{"no limits at a public site", settings.Environment{"BASE_URL": "https://a.example", "BETTER_AUTH_SECRET": hunter, "RATE_LIMIT": "off"}, "RATE_LIMIT", "leave it on"},
	{"a session that outlives its longest time", settings.Environment{"SESSION_EXPIRES_IN": "1000h"}, "SESSION_MAX_AGE", "at least 1000h"},
	{"a BFF in front of itself", settings.Environment{"BACKEND_URL": "http://localhost:3000"}, "BACKEND_URL", "write the address of the API"},
	{"public keys with a shared secret", settings.Environment{"JWKS_URL": "http://localhost:3000/api/auth/jwks"}, "JWKS_URL", "EdDSA or ES256"},
}

// inFolder writes the files of wrongSettings, and returns the variables with their path.
func inFolder(t *testing.T, env settings.Environment) settings.Environment {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"short": "hunter2", "spaced": hunter + "\n\n", "secret": hunter + "\n", "routes.yml": "- path: /api/x/\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "dist"), 0o700); err != nil {
		t.Fatal(err)
	}
	all := testEnv(t)
	for name, value := range env {
		all[name] = strings.ReplaceAll(value, "PATH/", folder+"/")
	}
	return all
}

// TestWrongSettings: the start and the doctor refuse each with one line, which names the setting
// and the cure and holds no secret.
func TestWrongSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range wrongSettings {
		t.Run(tt.name, func(t *testing.T) {
			env := inFolder(t, tt.env)
			code, stdout, stderr := once(t, "serve", env)
			if code != exitUsage || stdout != "" {
				t.Errorf("got code %d, stdout %q, want code %d", code, stdout, exitUsage)
			}
			oneError(t, stderr, tt.setting)
			if line, cure, _ := strings.Cut(stderr, "; "); !strings.Contains(cure, tt.cure) && !strings.Contains(line, tt.cure) || len(stderr) > 400 {
				t.Errorf("got %q, want a short line with %q", stderr, tt.cure)
			}
			code, stdout, _ = once(t, "doctor", env)
			if found := strings.TrimPrefix(strings.TrimSpace(stderr), "vestibule: "); code != exitUsage || !strings.Contains(stdout, found) {
				t.Errorf("the doctor: got code %d, %s; want %q", code, stdout, found)
			}
			if strings.Contains(stdout+stderr, "hunter2") {
				t.Errorf("got a secret in %s%s", stdout, stderr)
			}
		})
	}
}

// TestRiskySettingsAreWarnedAbout: the program starts, and its log names the setting and the cure.
func TestRiskySettingsAreWarnedAbout(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<!doctype html>")) }))
	t.Cleanup(page.Close)
	for _, tt := range []struct {
		name          string
		env           settings.Environment
		setting, cure string
	}{
		{"a public site over http", settings.Environment{"BASE_URL": "http://a.example"}, "BASE_URL", "use an https BASE_URL"},
		{"https without TRUSTED_PROXIES", settings.Environment{"BASE_URL": "https://a.example"}, "TRUSTED_PROXIES", "set TRUSTED_PROXIES to the address of the proxy"},
		{"mails of a public site in a folder", settings.Environment{"BASE_URL": "https://a.example"}, "MAIL_DIR", "set SMTP_URL"},
		{"the port of another program in BASE_URL", settings.Environment{"BASE_URL": "http://localhost:8080"}, "BASE_URL", "has another port than the BFF"},
		{"a page in place of keys", settings.Environment{"JWT_ALGORITHM": "EdDSA", "JWKS_URL": page.URL}, "", "check JWKS_URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := launch(t, "serve", with(with(testEnv(t), tt.env), settings.Environment{"BETTER_AUTH_SECRET": hunter, "MAIL_DIR": t.TempDir()}))
			waittest.Until(t, "a warning with "+tt.cure, func() bool { return warned(i.log.String(), tt.setting, tt.cure) })
			if strings.Contains(i.log.String(), "hunter2") {
				t.Errorf("got a secret in %s", i.log)
			}
		})
	}
}

// warned reports whether the log has a warning about a setting.
func warned(log, setting, text string) bool {
	for line := range strings.Lines(log) {
		var record struct{ Level, Msg, Setting string }
		if json.Unmarshal([]byte(line), &record) == nil && record.Level == "WARN" && record.Setting == setting && strings.Contains(record.Msg, text) {
			return true
		}
	}
	return false
}
