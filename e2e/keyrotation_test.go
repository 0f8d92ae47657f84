package e2e

import (
	"database/sql"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// pair is a task API with two BFFs before it. Requests for keys reach them by turns, as
// behind a load balancer.
type pair struct {
	*product
	bffs []string
	env  []string
}

func launchPair(t *testing.T, settings ...string) *pair {
	t.Helper()
	var urls [2]*url.URL
	var turn atomic.Uint64
	balancer := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(urls[turn.Add(1)%2]) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // the API asks before the BFFs are there
	})
	t.Cleanup(balancer.Close)
	addr := freeAddrs(t, 3)
	// Tokens are renewed 24 s after they were signed.
	settings = append([]string{"JWT_ALGORITHM=EdDSA", "JWT_EXPIRES_IN=30s", "EXPOSE_TOKEN=true", "RATE_LIMIT=off", "BFF_ADDR=" + addr[0], "BASE_URL=http://" + addr[0], "JWKS_URL=" + balancer.URL + "/api/auth/jwks"}, settings...)
	bffs := []string{"http://" + addr[0], "http://" + addr[1]}
	for i := range urls {
		var err error
		if urls[i], err = url.Parse(bffs[i]); err != nil {
			t.Fatal(err)
		}
	}
	p := &pair{product: launch(t, shapes[3], settings...), bffs: bffs, env: settings}
	p.bff = bffs[0]
	p.admin = append(p.admin, "http://"+addr[2])
	p.processes = append(p.processes, start(t, binary(t, build.race), p.dir,
		append([]string{"BETTER_AUTH_SECRET=" + secret, "DATABASE_URL=" + p.database, "BACKEND_URL=" + p.api}, settings...), "bff", "--bff-addr="+addr[1], "--admin-addr="+addr[2]))
	p.waitReady(len(p.admin) - 1)
	return p
}

// keys runs vestibule keys with the settings of the BFFs.
func (p *pair) keys(args ...string) string {
	p.t.Helper()
	env := []string{"BETTER_AUTH_SECRET=" + secret, "DATABASE_URL=" + p.database, "JWT_ALGORITHM=EdDSA", "BASE_URL=" + p.bff}
	c := start(p.t, binary(p.t, build.race), p.dir, env, append([]string{"keys"}, args...)...)
	if code := c.wait(); code != 0 {
		p.t.Fatalf("vestibule keys %s: got exit code %d:\n%s", strings.Join(args, " "), code, c.log)
	}
	return c.log.String()
}

// TestAKeyRotationFailsNoRequest: two rotations under load, with two BFFs. The time until
// the new key signs is shortened to less than the API's pause between fetches, but not to
// less than the time for which a BFF remembers its keys.
func TestAKeyRotationFailsNoRequest(t *testing.T) {
	t.Parallel()
	p := launchPair(t)
	db, err := sql.Open("postgres", p.database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l := newCrowd(t, p.bff, 3, func(n int) string { return p.bffs[n%2] })
	// Seven seconds pass before a key signs, and more before the API asks for keys again without a
	// cause. So ten requests a second of each user meet every moment of a rotation.
	l.pause = 100 * time.Millisecond
	stop := l.begin()
	for range 2 {
		before := l.kids(p.bffs)
		out := p.keys("rotate", "--json")
		var next struct{ ID string }
		if err := json.Unmarshal([]byte(out), &next); err != nil || before[next.ID] {
			t.Fatalf("got %s, %v", out, err)
		}
		if _, err := db.Exec(`UPDATE jwks SET "signsAt" = now() + interval '7 seconds' WHERE id = $1`, next.ID); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(patience)
		for kids := l.kids(p.bffs); len(kids) != 1 || !kids[next.ID]; kids = l.kids(p.bffs) {
			if time.Now().After(deadline) {
				t.Fatalf("got tokens of the keys %v, want of %s alone\n%s", kids, next.ID, p.keys("list"))
			}
			time.Sleep(time.Second)
		}
	}
	stop()
	l.none(t)
}
