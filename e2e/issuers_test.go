package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// mints runs vestibule token with the product's configuration.
func (p *product) mints(t testing.TB, settings []string, args ...string) string {
	t.Helper()
	env := append([]string{"DATABASE_URL=" + p.database, "BETTER_AUTH_SECRET=" + secret}, settings...)
	c := start(t, binary(t, build.plain), p.dir, env, append([]string{"token"}, args...)...)
	if code := c.wait(); code != 0 {
		t.Fatalf("vestibule token: got exit code %d:\n%s", code, c.log)
	}
	return strings.TrimSpace(c.log.String())
}

// TestTwoInstallationsTrustEachOther: services of one installation read tasks of the other,
// which fetches the keys over HTTP. Users of the first are unknown to the other.
func TestTwoInstallationsTrustEachOther(t *testing.T) {
	t.Parallel()
	theirs := []string{"JWT_ALGORITHM=ES256", "JWT_ISSUER=https://theirs.example.com", "JWT_AUDIENCE=tasks-of-ours"}
	them := launch(t, shapes[0], theirs...)
	us := launch(t, shapes[2], fmt.Sprintf(`JWT_ISSUERS=[{"issuer":"https://theirs.example.com","jwks_url":"%s/api/auth/jwks",
		"audience":"tasks-of-ours","algorithm":"ES256","scopes":["tasks:read"]}]`, them.bff))
	b := newBrowser(t, us.bff)
	id := b.signUp("joy@example.com")
	b.want(b.send("POST", us.bff+"/api/proxy/me/tasks", `{"title":"shared"}`), 201, "shared")
	stranger := newBrowser(t, them.bff).signUp("joy@example.com")

	const both = "--scope=tasks:read,tasks:write"
	tasks := us.api + "/api/" + id + "/tasks"
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	reports, _ := them.client("reports")
	service := bearer(them.mints(t, theirs, "--sub="+reports, both))
	got := b.sendRaw("GET", tasks, "", service...)
	for deadline := time.Now().Add(patience); got.status == 503 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		got = b.sendRaw("GET", tasks, "", service...) // until their keys are there
	}
	b.want(got, 200, "shared")
	b.want(b.sendRaw("POST", tasks, `{"title":"x"}`, append(service, "Content-Type", "application/json")...), 403, "Insufficient scope")
	b.want(b.sendRaw("GET", tasks, "", bearer(them.mints(t, theirs, "--sub="+reports))...), 403, "Insufficient scope")
	b.want(b.sendRaw("GET", us.api+"/api/"+stranger+"/tasks", "", bearer(them.mints(t, theirs, "--sub="+stranger))...), 403, "Insufficient scope")
	b.want(b.sendRaw("GET", them.api+"/api/me/tasks", "", bearer(us.mints(t, nil, "--sub="+id))...), 401, "Invalid token")
	b.want(b.sendRaw("GET", tasks, "", bearer(us.mints(t, nil, "--sub="+id))...), 200, "shared")
	own, _ := us.client("own")
	b.want(b.sendRaw("GET", tasks, "", bearer(us.mints(t, nil, "--sub="+own, "--scope=tasks:read"))...), 200, "shared")
}
