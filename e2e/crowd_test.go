package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// crowd is users who read and write tasks all the time, at one BFF after the other.
type crowd struct {
	origin string
	target func(n int) string // the BFF for the nth request of a user
	pause  time.Duration      // of a user between two requests

	mu       sync.Mutex
	cookies  []string
	changing bool // the secret is being changed, so answers may sign the cookies again
	sent     int
	failures map[string]int
}

// begin starts the load. stop ends it.
func (l *crowd) begin() (stop func()) {
	done := make(chan struct{})
	var users sync.WaitGroup
	for i := range l.cookies {
		users.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				case <-time.After(l.pause):
					l.one(n, i)
				}
			}
		})
	}
	return func() {
		close(done)
		users.Wait()
	}
}

func (l *crowd) cookie(i int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cookies[i]
}

// one sends the nth request of a user and checks its answer. A cookie in it is kept.
func (l *crowd) one(n, i int) {
	// The list grows, so a request reads one task of it.
	method, path, body, want := "GET", "/api/proxy/me/tasks?limit=1", "", http.StatusOK
	if n%4 < 2 {
		method, path, body, want = "POST", "/api/proxy/me/tasks", `{"title":"a"}`, http.StatusCreated
	}
	bff := l.target(n)
	a := l.ask(method, bff+path, l.cookie(i), body)
	// On a busy machine this process may stand still between the look at the target and the
	// connection, until the old process has stopped. A load balancer takes another one then.
	if now := l.target(n); now != bff && a.status == 0 && strings.Contains(a.body, syscall.ECONNREFUSED.Error()) {
		a = l.ask(method, now+path, l.cookie(i), body)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent++
	signedAgain := l.keep(i, a) && l.changing
	if a.status != want || !signedAgain && a.header.Get("Set-Cookie") != "" {
		l.failures[fmt.Sprintf("%d %.80s %s", a.status, a.body, a.header.Get("Set-Cookie"))]++
	}
}

// keep keeps the cookie of an answer, as a browser does. l is locked. It reports whether there
// is one. A cookie that is cleared is none.
func (l *crowd) keep(i int, a answer) bool {
	line, set := strings.CutPrefix(a.header.Get("Set-Cookie"), "better-auth.session_token=")
	value, _, _ := strings.Cut(line, ";")
	if !set || value == "" {
		return false
	}
	l.cookies[i] = value
	return true
}

// none fails the test if a request has failed.
func (l *crowd) none(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.failures) > 0 || l.sent == 0 {
		t.Errorf("got failures of %d requests: %v", l.sent, l.failures)
	}
	t.Logf("%d requests", l.sent)
}

func (l *crowd) ask(method, target, cookie, body string) answer {
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return answer{body: err.Error()}
	}
	r.Header.Set("Cookie", "better-auth.session_token="+cookie)
	r.Header.Set("Origin", l.origin)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{body: err.Error()}
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{body: err.Error()}
	}
	return answer{res.StatusCode, res.Header, string(all)}
}

// renew asks for each user's session, as an app does when it starts, and keeps the cookies
// that are sent. It returns how many were.
func (l *crowd) renew(bff string) (renewed int) {
	for i := range l.cookies {
		a := l.ask("GET", bff+"/api/auth/get-session", l.cookie(i), "")
		l.mu.Lock()
		if l.keep(i, a) {
			renewed++
		}
		l.mu.Unlock()
	}
	return renewed
}

// kids returns the keys of the tokens that the users' requests carry.
func (l *crowd) kids(bffs []string) map[string]bool {
	found := map[string]bool{}
	for _, bff := range bffs {
		for i := range l.cookies {
			var answer struct{ Token string }
			_ = json.Unmarshal([]byte(l.ask("GET", bff+"/api/auth/token", l.cookie(i), "").body), &answer)
			head, _, _ := strings.Cut(answer.Token, ".")
			raw, _ := base64.RawURLEncoding.DecodeString(head)
			var header struct{ Kid string }
			_ = json.Unmarshal(raw, &header)
			found[header.Kid] = true
		}
	}
	return found
}

func newCrowd(t *testing.T, origin string, users int, target func(n int) string) *crowd {
	t.Helper()
	l := &crowd{origin: origin, target: target, pause: 50 * time.Millisecond, failures: map[string]int{}}
	for i := range users {
		b := newBrowser(t, origin)
		b.signUp(fmt.Sprintf("user%d@example.com", i))
		l.cookies = append(l.cookies, b.cookie())
	}
	return l
}
