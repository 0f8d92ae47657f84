package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// client makes a service client as an operator does, and returns its credentials.
func (p *product) client(name string, options ...string) (id, secret string) {
	p.t.Helper()
	out := p.command(append([]string{"client", "create", name, "--json"}, options...)...)
	var made struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		p.t.Fatalf("%v in %s", err, out)
	}
	return made.ID, made.Secret
}

// grant asks for a token with client_id and client_secret in the body.
func (p *product) grant(id, secret, params string) answer {
	p.t.Helper()
	return newBrowser(p.t, p.bff).sendRaw("POST", p.bff+"/api/auth/oauth2/token", params+"&client_id="+id+"&client_secret="+secret,
		"Content-Type", "application/x-www-form-urlencoded")
}

func (p *product) accessToken(a answer) string {
	p.t.Helper()
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || a.status != 200 || body.AccessToken == "" {
		p.t.Fatalf("got %v, want a token", a)
	}
	return body.AccessToken
}

// TestAServiceReadsTheTasksOfAllUsers with its own token, and none without the scope.
func TestAServiceReadsTheTasksOfAllUsers(t *testing.T) {
	t.Parallel()
	for _, s := range []shape{shapes[0], shapes[3]} {
		t.Run(s.name, func(t *testing.T) { serviceReads(t, sharedProduct(t, s)) })
	}
}

func serviceReads(t *testing.T, p *product) {
	b := newBrowser(t, p.bff)
	ada := b.signUp("service-ada@example.com")
	b.want(b.send("POST", p.bff+"/api/proxy/me/tasks", `{"title":"Ada's"}`), 201, "")
	b = newBrowser(t, p.bff)
	bob := b.signUp("service-bob@example.com")
	b.want(b.send("POST", p.bff+"/api/proxy/me/tasks", `{"title":"Bob's"}`), 201, "")
	read := func(raw, user string) answer {
		return b.sendRaw("GET", p.api+"/api/"+user+"/tasks", "", "Authorization", "Bearer "+raw)
	}

	id, secret := p.client("reports", "--scope=tasks:read")
	raw := p.accessToken(p.grant(id, secret, "grant_type=client_credentials"))
	b.want(read(raw, ada), 200, "Ada's")
	b.want(read(raw, bob), 200, "Bob's")
	idle, idleSecret := p.client("idle")
	b.want(read(p.accessToken(p.grant(idle, idleSecret, "grant_type=client_credentials")), ada), 403, "Insufficient scope")

	// Reading is not writing.
	b.want(b.sendRaw("POST", p.api+"/api/"+ada+"/tasks", `{"title":"x"}`, "Authorization", "Bearer "+raw), 403, "Insufficient scope")
	writer, writerSecret := p.client("importer", "--scope=tasks:write")
	raw = p.accessToken(p.grant(writer, writerSecret, "grant_type=client_credentials"))
	b.want(b.sendRaw("POST", p.api+"/api/"+ada+"/tasks", `{"title":"imported"}`, "Authorization", "Bearer "+raw), 201, "imported")

	// What the command line does counts at the next request.
	p.command("client", "delete", "reports", "--yes")
	b.want(p.grant(id, secret, "grant_type=client_credentials"), 401, "invalid_client")
	out := p.command("client", "rotate", "importer", "--keep-old=1h")
	p.accessToken(p.grant(writer, writerSecret, "grant_type=client_credentials"))
	p.accessToken(p.grant(writer, regexp.MustCompile(`vcs_[\w-]+`).FindString(out), "grant_type=client_credentials"))
	p.command("client", "rotate", "importer")
	b.want(p.grant(writer, writerSecret, "grant_type=client_credentials"), 401, "invalid_client")
}

// TestAServiceActsForAUser: the token that a service gets for a user opens only this user's
// tasks, within its scope. After the user signs out, the service gets none.
func TestAServiceActsForAUser(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"HS256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			p := launch(t, shapes[0], "EXPOSE_TOKEN=true", "JWT_ALGORITHM="+alg)
			b := newBrowser(t, p.bff)
			ada := b.signUp("ada@example.com")
			b.want(b.send("POST", p.bff+"/api/proxy/me/tasks", `{"title":"Ada's"}`), 201, "")
			bob := newBrowser(t, p.bff).signUp("bob@example.com")
			var exposed struct{ Token string }
			if err := json.Unmarshal([]byte(b.want(b.send("GET", p.bff+"/api/auth/token", ""), 200, "token").body), &exposed); err != nil {
				t.Fatal(err)
			}
			id, secret := p.client("mailer", "--grant=exchange", "--scope=tasks:read,tasks:write")
			b.want(p.grant(id, secret, "grant_type=client_credentials"), 400, "unauthorized_client") // it is nobody's without a user
			params := "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type:access_token&scope=tasks:read&subject_token=" + exposed.Token
			raw := p.accessToken(p.grant(id, secret, params))

			bearer := []string{"Authorization", "Bearer " + raw}
			b.want(b.sendRaw("GET", p.api+"/api/"+ada+"/tasks", "", bearer...), 200, "Ada's")
			b.want(b.sendRaw("POST", p.api+"/api/"+ada+"/tasks", `{"title":"x"}`, bearer...), 403, "Insufficient scope")
			b.want(b.sendRaw("GET", p.api+"/api/"+bob+"/tasks", "", bearer...), 403, "Access denied")

			if out := p.command("audit", "--client=mailer", "--event=token-exchanged"); !strings.Contains(out, ada) || !strings.Contains(out, id+" acts for the user") {
				t.Errorf("the trail does not show the chain:\n%s", out)
			}
			b.want(b.send("POST", p.bff+"/api/auth/logout", ""), 200, "")
			b.want(p.grant(id, secret, params), 400, "invalid_request")
			for _, secretText := range []string{secret, raw, exposed.Token} {
				if strings.Contains(p.processes[0].log.String(), secretText) {
					t.Errorf("the log has a secret:\n%s", p.processes[0].log)
				}
			}
		})
	}
}

// TestTheExampleOfOperationsWorksAsWritten runs the block of docs/operations.md.
func TestTheExampleOfOperationsWorksAsWritten(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Services\n")
	_, block, _ := strings.Cut(section, "\n```bash\n")
	block, _, found := strings.Cut(block, "\n```\n")
	if !found {
		t.Fatal("docs/operations.md has no example under Services")
	}
	p, folder := sharedProduct(t, shapes[0]), t.TempDir()
	b := newBrowser(t, p.bff)
	id := b.signUp("documented-service@example.com")
	b.want(b.send("POST", p.bff+"/api/proxy/me/tasks", `{"title":"Read the page"}`), 201, "")
	if err := os.Symlink(binary(t, build.race), filepath.Join(folder, "vestibule")); err != nil {
		t.Fatal(err)
	}
	// The product under test has ports of its own.
	block = strings.NewReplacer("http://localhost:3000", p.bff, "http://localhost:8000", p.api).Replace(block)
	cmd := exec.Command("bash", "-euc", block)
	cmd.Dir = folder
	cmd.Env = []string{"PATH=" + folder + ":" + os.Getenv("PATH"), "DATABASE_URL=" + p.database, "USER_ID=" + id}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"title":"Read the page"`) {
		t.Errorf("%v: got %s", err, out)
	}
}
