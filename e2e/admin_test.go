package e2e

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/waittest"
)

// command runs a command on the product's database, as an operator does.
func (p *product) command(args ...string) string {
	p.t.Helper()
	c := start(p.t, binary(p.t, build.plain), p.dir, []string{"DATABASE_URL=" + p.database}, args...)
	if code := c.wait(); code != 0 {
		p.t.Fatalf("vestibule %s: got exit code %d:\n%s", strings.Join(args, " "), code, c.log)
	}
	return c.log.String()
}

// TestADisabledUserIsOutAtOnce: the command runs in another process than the server, which
// remembers sessions.
func TestADisabledUserIsOutAtOnce(t *testing.T) {
	t.Parallel()
	for _, s := range []shape{shapes[0], shapes[2], shapes[3], shapes[4]} {
		t.Run(s.name, func(t *testing.T) {
			up := newUpstream(t)
			p := launch(t, s, "BACKEND_URL="+up.url)
			b, wrong := newBrowser(t, p.bff), newBrowser(t, p.bff)
			b.signUp("rex@example.com")
			b.want(b.send("POST", p.bff+"/api/proxy/x", "1"), 200, "1") // and is remembered
			stream, err := b.client.Get(p.bff + "/api/proxy/events")
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Body.Close()
			time.Sleep(1100 * time.Millisecond) // longer than the time for which a request may outlive its session

			if out := p.command("user", "disable", "rex@example.com"); !strings.Contains(out, "1 session has ended") {
				t.Errorf("got %s", out)
			}
			disabled := time.Now()
			// It takes a few milliseconds until the server has noticed.
			waittest.Until(t, "the end of the session", func() bool { return b.send("POST", p.bff+"/api/proxy/x", "1").status == 401 })
			b.want(b.send("POST", p.bff+"/api/proxy/x", "1"), 401, "")
			if rest, err := io.ReadAll(stream.Body); err != nil || string(rest) != lastEvent {
				t.Errorf("got %q, error %v; want the last event", rest, err)
			}
			// The server ends the stream after half a second. Otherwise the client's timeout ends it.
			if took := time.Since(disabled); took > patience/2 {
				t.Errorf("the stream ended %v after the command", took)
			}
			got := b.send("POST", p.bff+"/api/auth/login", `{"email":"rex@example.com","password":"paper-lantern-42"}`)
			want := wrong.send("POST", p.bff+"/api/auth/login", `{"email":"rex@example.com","password":"wrong horse"}`)
			for _, a := range []answer{got, want} { // what differs between any two answers
				a.header.Del("Date")
				a.header.Del("X-Request-Id")
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" || got.status != 401 {
				t.Errorf("got %v, want what a wrong password gets (-want +got):\n%s", got, diff)
			}

			p.command("user", "enable", "rex@example.com")
			b.want(b.send("POST", p.bff+"/api/auth/login", `{"email":"rex@example.com","password":"paper-lantern-42"}`), 200, "rex")
			out := p.command("audit", "--user=rex@example.com")
			for _, event := range []string{"user-enabled", "user-disabled", "session-revoked", "sign-in-failed", "sign-up"} {
				if !strings.Contains(out, event) {
					t.Errorf("the trail lacks %s:\n%s", event, out)
				}
			}
		})
	}
}
