package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vestibule/internal/freeport"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// results reads the output of vestibule doctor --json.
func results(t *testing.T, stdout string) (all []resultJSON) {
	t.Helper()
	for line := range strings.Lines(stdout) {
		var r resultJSON
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

// TestTheDoctorBesideARunningInstallationFindsNothing, and nobody notices the doctor.
func TestTheDoctorBesideARunningInstallationFindsNothing(t *testing.T) {
	t.Parallel()
	for engine, more := range map[string]settings.Environment{
		"sqlite":   {"JWT_ALGORITHM": "ES256"},
		"postgres": {"DATABASE_URL": storetest.PostgresURL(t), "BETTER_AUTH_SECRET": goodSecret, "JWT_ALGORITHM": "EdDSA"},
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			env := with(with(testEnv(t), settings.Environment{"MAIL_DIR": filepath.Join(t.TempDir(), "mail")}), more)
			i := start(t, "serve", env)
			d := storetest.Open(t, env["DATABASE_URL"])
			var stdout string
			waittest.Until(t, "no warning, also on a busy machine", func() bool {
				var code int
				var stderr string
				code, stdout, stderr = once(t, "doctor", env)
				return code == exitOK && stderr == "" && strings.Contains(stdout, " ok, 0 warnings, 0 failures\n")
			})
			for _, want := range []string{"ok       settings", "ok       database", "ok       secrets", "signs (" + more["JWT_ALGORITHM"] + ") since"} {
				if !strings.Contains(stdout, want) {
					t.Errorf("got %s, want %q in it", stdout, want)
				}
			}
			if n := d.CountRows(t, `SELECT count(*) FROM instance`); n != 1 {
				t.Errorf("got %d rows of instances, want the one that runs", n)
			}
			if waittest.Status(i.log.url("admin")+"/healthz") != http.StatusOK {
				t.Error("the running process is not healthy")
			}
		})
	}
}

// TestTheDoctorSeesARunningInstallationFromOutside, with the cookie of a user.
func TestTheDoctorSeesARunningInstallationFromOutside(t *testing.T) {
	t.Parallel()
	address, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	start(t, "serve", with(testEnv(t), settings.Environment{"BFF_ADDR": address, "BASE_URL": "http://" + address, "MAIL_DIR": filepath.Join(t.TempDir(), "mail")}))
	res, err := http.Post("http://"+address+"/api/auth/signup", "application/json", strings.NewReader(`{"email":"ada@example.com","password":"paper-lantern-42"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	cookie := filepath.Join(t.TempDir(), "cookie")
	for _, form := range []string{"", "Cookie: "} {
		if err := os.WriteFile(cookie, []byte(form+res.Cookies()[0].Name+"="+res.Cookies()[0].Value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := once(t, "doctor http://"+address+"/ --json --cookie-file="+cookie, nil)
		if code != exitOK || stderr != "" || strings.Contains(stdout, res.Cookies()[0].Value) {
			t.Errorf("got code %d, %s%s", code, stdout, stderr)
		}
		if last := results(t, stdout); len(last) == 0 || last[len(last)-1].Check != "streams" {
			t.Errorf("got %s, want streams at the end", stdout)
		}
	}
}

// TestTheDoctorFindsASecretThatARunningProcessDoesNotHave, with the words of a start.
func TestTheDoctorFindsASecretThatARunningProcessDoesNotHave(t *testing.T) {
	t.Parallel()
	env := with(testEnv(t), settings.Environment{"DATABASE_URL": storetest.PostgresURL(t), "BETTER_AUTH_SECRET": goodSecret})
	start(t, "bff", env)
	next := with(env, settings.Environment{"BETTER_AUTH_SECRET": strings.ToUpper(goodSecret), "BETTER_AUTH_SECRET_PREVIOUS": goodSecret})
	_, _, refused := once(t, "bff", next)
	var lines []string
	for line := range strings.Lines(refused) {
		if !strings.HasPrefix(line, "{") {
			lines = append(lines, strings.TrimPrefix(line, "vestibule: "))
		}
	}
	code, stdout, stderr := once(t, "doctor --for=bff", next)
	if code != exitFailure || len(lines) != 1 || !strings.Contains(stdout, lines[0]) || !strings.HasPrefix(stderr, "vestibule: ") {
		t.Errorf("got code %d, %s, %s; want what the start says: %s", code, stdout, stderr, refused)
	}
	if strings.Contains(strings.ToLower(stdout+stderr), goodSecret) {
		t.Errorf("got a secret in %s", stdout)
	}
	_, stdout, _ = once(t, "doctor --for=bff --json", next)
	i := slices.IndexFunc(results(t, stdout), func(r resultJSON) bool { return r.Check == "secrets" })
	if r := results(t, stdout)[i]; r.Result != "failure" || *r.Setting != "BETTER_AUTH_SECRET" || !strings.Contains(*r.Problem, "is unknown to 1 of the running processes") || *r.Cure == "" ||
		r.Text != *r.Setting+" "+*r.Problem+"; "+*r.Cure {
		t.Errorf("got %+v", r)
	}
}

func TestTheDoctorsExitCodeAndJSON(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.Chmod(folder, 0o755)); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	noCookie, cookie := filepath.Join(folder, "empty"), filepath.Join(folder, "cookie")
	if err := errors.Join(os.WriteFile(noCookie, []byte("hunter2\n"), 0o600), os.WriteFile(cookie, []byte("session=hunter2\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		command string
		env     settings.Environment
		code    int
		want    string // in the output, or the error
	}{
		{"doctor --json", nil, exitOK, `{"check":"settings","result":"ok","text":"all settings are valid","setting":null,"problem":null,"cure":null}` + "\n"},
		{"doctor", settings.Environment{"DATABASE_URL": "sqlite:" + folder + "/x.db"}, exitOK, " 1 warning, 0 failures\n"},
		{"doctor --smtp-url=smtp://app:hunter2@127.0.0.1:1", nil, exitFailure, "vestibule: 1 failure found"},
		{"doctor", settings.Environment{"DATABASE_URL": "postgres://u:hunter2@127.0.0.1:1/x", "BETTER_AUTH_SECRET": goodSecret}, exitFailure, "connection refused"},
		{"doctor --json", settings.Environment{"BASE_URL": "x", "PROXY_TIMEOUT": "x"}, exitUsage, `"setting":"PROXY_TIMEOUT"`},
		{"doctor --for=bff --api-addr=:1", nil, exitUsage, "vestibule bff does not read --api-addr"},
		{"doctor --for=user", nil, exitUsage, `unknown command "user"`},
		{"doctor http://127.0.0.1:1", nil, exitFailure, "the URL does not answer"},
		{"doctor http://127.0.0.1:1 --json", nil, exitFailure, `"check":"address"`},
		{"doctor http://127.0.0.1:1", settings.Environment{"BASE_URL": "x", "DATABASE_URL": "x"}, exitFailure, "the URL does not answer"},
		{"doctor http://127.0.0.1:1 --proxy-body-limit=x", nil, exitUsage, "PROXY_BODY_LIMIT"},
		{"doctor http://127.0.0.1:1 --for=bff", nil, exitUsage, "--for is for the settings"},
		{"doctor http://127.0.0.1:1 http://127.0.0.1:2", nil, exitUsage, "unexpected argument"},
		{"doctor http://ada:hunter2@127.0.0.1:1", nil, exitUsage, "has a user name"},
		{"doctor http://127.0.0.1:1/?token=hunter2", nil, exitUsage, "more than scheme, host and port"},
		{"doctor --cookie-file=x", nil, exitUsage, "needs a URL"},
		{"doctor http://127.0.0.1:1 --cookie-file=" + folder + "/none", nil, exitFailure, "cannot be read"},
		{"doctor http://127.0.0.1:1 --cookie-file=" + noCookie, nil, exitUsage, "has no cookie"},
		{"doctor http://app.example.com --cookie-file=" + cookie, nil, exitUsage, "everybody between could read"},
		{"doctor --nonsense", nil, exitUsage, "--nonsense"},
	} {
		code, stdout, stderr := once(t, tt.command, with(emptyEnv(t), tt.env))
		if code != tt.code || !strings.Contains(stdout+stderr, tt.want) || strings.Contains(stdout+stderr, "hunter2") {
			t.Errorf("%s: got code %d, %s%s; want code %d and %q", tt.command, code, stdout, stderr, tt.code, tt.want)
		}
		if strings.Contains(tt.command, "--json") {
			for _, r := range results(t, stdout) {
				if (r.Result == "ok") != (r.Setting == nil) || (r.Cure == nil) != (r.Setting == nil) || (r.Problem == nil) != (r.Setting == nil) || r.Text == "" {
					t.Errorf("%s: got %+v", tt.command, r)
				}
			}
		}
	}
	ctx, _ := cancelledContext(t)
	var out, errs strings.Builder
	if code := run(ctx, []string{"doctor"}, emptyEnv(t), strings.NewReader(""), &out, &errs); code != exitFailure || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("got code %d, %s, want an interruption", code, errs.String())
	}
}
