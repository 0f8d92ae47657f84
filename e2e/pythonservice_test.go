package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// runService runs the service in Python and returns what it was answered.
func (p *product) runService(t testing.TB, env []string, users ...string) (answers []answer) {
	t.Helper()
	interpreter, program := python(t, "service.py")
	env = append([]string{"TOKEN_URL=" + p.bff + "/api/auth/oauth2/token", "API_URL=" + p.api}, env...)
	s := start(t, interpreter, t.TempDir(), env, append([]string{program}, users...)...)
	if code := s.wait(); code != 0 {
		t.Fatalf("the service: got exit code %d:\n%s", code, s.log)
	}
	for line := range strings.Lines(s.log.String()) {
		var a struct {
			Status int
			Body   json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		answers = append(answers, answer{status: a.Status, body: string(a.Body)})
	}
	return answers
}

// TestAPythonServiceReadsTasksOfTwoUsers: with its credentials alone, and no
// more than its client was made for.
func TestAPythonServiceReadsTasksOfTwoUsers(t *testing.T) {
	t.Parallel()
	for _, s := range []shape{shapes[0], shapes[3]} {
		t.Run(s.name, func(t *testing.T) {
			p := sharedProduct(t, s)
			var users []string
			for _, name := range []string{"kim", "lea"} {
				b := newBrowser(t, p.bff)
				users = append(users, b.signUp(name+"@example.com"))
				b.want(b.send("POST", p.bff+"/api/proxy/me/tasks", `{"title":"of `+name+`"}`), 201, "of "+name)
			}
			client := func(name string, scope ...string) []string {
				var made struct{ ID, Secret string }
				if err := json.Unmarshal([]byte(p.command(append([]string{"client", "create", name, "--json"}, scope...)...)), &made); err != nil {
					t.Fatal(err)
				}
				return []string{"CLIENT_ID=" + made.ID, "CLIENT_SECRET=" + made.Secret}
			}
			is := func(what string, got []answer, want ...answer) {
				t.Helper()
				if len(got) != len(want) {
					t.Errorf("%s: got %v, want %d answers", what, got, len(want))
					return
				}
				for i := range want {
					if got[i].status != want[i].status || !strings.Contains(got[i].body, want[i].body) {
						t.Errorf("%s, call %d: got %v, want %v", what, i, got[i], want[i])
					}
				}
			}
			reads := client("python-reader", "--scope=tasks:read")
			is("with tasks:read", p.runService(t, reads, users...),
				answer{status: 200, body: `"scope": "tasks:read"`}, answer{status: 200, body: "of kim"}, answer{status: 200, body: "of lea"})
			is("with a scope that it was not given", p.runService(t, append(reads, "SCOPE=tasks:write"), users...),
				answer{status: 400, body: "invalid_scope"})
			is("with another secret", p.runService(t, append(reads[:1:1], "CLIENT_SECRET=x"), users...),
				answer{status: 401, body: "invalid_client"})
			is("with tasks:write", p.runService(t, client("python-writer", "--scope=tasks:write"), users...),
				answer{status: 200}, answer{status: 403, body: "Insufficient scope"}, answer{status: 403, body: "Insufficient scope"})
			is("without scope", p.runService(t, client("python-idle"), append(users, "usr_nobody")...),
				answer{status: 200}, answer{status: 403, body: "Insufficient scope"}, answer{status: 403, body: "Insufficient scope"}, answer{status: 403, body: "Insufficient scope"})
		})
	}
}
