package e2e

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
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

// load is users who send requests to both BFFs by turns, until stop.
type load struct {
	p            *pair
	cookies      []string
	sent, failed atomic.Int64
	mu           sync.Mutex
	failures     map[string]int
}

func (l *load) run(stop <-chan struct{}) {
	var users sync.WaitGroup
	for _, cookie := range l.cookies {
		users.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(30 * time.Millisecond):
					l.one(l.p.bffs[n%2], cookie, n%4 < 2)
				}
			}
		})
	}
	users.Wait()
}

// one sends one request and checks its answer.
func (l *load) one(bff, cookie string, write bool) {
	method, body, want := "GET", "", http.StatusOK
	if write {
		method, body, want = "POST", `{"title":"a"}`, http.StatusCreated
	}
	status, text, _ := l.ask(method, bff+"/api/proxy/me/tasks", cookie, body)
	l.sent.Add(1)
	if status != want {
		l.failed.Add(1)
		l.mu.Lock()
		l.failures[fmt.Sprintf("%d %.80s", status, text)]++
		l.mu.Unlock()
	}
}

func (l *load) ask(method, target, cookie, body string) (status int, text string, err error) {
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return 0, err.Error(), err
	}
	r.Header.Set("Cookie", "better-auth.session_token="+cookie)
	r.Header.Set("Origin", l.p.bff)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error(), err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	return res.StatusCode, string(all), err
}

// kids returns the keys of the tokens that the users' requests carry.
func (l *load) kids() map[string]bool {
	found := map[string]bool{}
	for _, bff := range l.p.bffs {
		for _, cookie := range l.cookies {
			_, text, _ := l.ask("GET", bff+"/api/auth/token", cookie, "")
			var answer struct{ Token string }
			_ = json.Unmarshal([]byte(text), &answer)
			head, _, _ := strings.Cut(answer.Token, ".")
			raw, _ := base64.RawURLEncoding.DecodeString(head)
			var header struct{ Kid string }
			_ = json.Unmarshal(raw, &header)
			found[header.Kid] = true
		}
	}
	return found
}

func newLoad(p *pair, users int) *load {
	p.t.Helper()
	l := &load{p: p, failures: map[string]int{}}
	for i := range users {
		b := newBrowser(p.t, p.bff)
		b.signUp(fmt.Sprintf("user%d@example.com", i))
		l.cookies = append(l.cookies, b.cookie())
	}
	return l
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
	l := newLoad(p, 3)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { l.run(stop); close(stopped) }()
	for range 2 {
		before := l.kids()
		out := p.keys("rotate", "--json")
		var next struct{ ID string }
		if err := json.Unmarshal([]byte(out), &next); err != nil || before[next.ID] {
			t.Fatalf("got %s, %v", out, err)
		}
		if _, err := db.Exec(`UPDATE jwks SET "signsAt" = now() + interval '7 seconds' WHERE id = $1`, next.ID); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(patience)
		for kids := l.kids(); len(kids) != 1 || !kids[next.ID]; kids = l.kids() {
			if time.Now().After(deadline) {
				t.Fatalf("got tokens of the keys %v, want of %s alone\n%s", kids, next.ID, p.keys("list"))
			}
			time.Sleep(time.Second)
		}
	}
	close(stop)
	<-stopped
	if l.failed.Load() != 0 {
		t.Errorf("got %d failed requests of %d: %v", l.failed.Load(), l.sent.Load(), l.failures)
	}
	t.Logf("%d requests", l.sent.Load())
}
