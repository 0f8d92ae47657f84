package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// clusterLoad is users who read and write all the time, one request after another each, and check
// every answer.
type clusterLoad struct {
	c     *cluster
	users []*user
	stop  chan struct{}
	done  sync.WaitGroup

	mu       sync.Mutex
	promised allowed
	sent     int
	away     int       // promised answers
	lastAway time.Time // of the latest of them
	failed   []string
}

// user is one of them, with what the cluster has acknowledged.
type user struct {
	l      *clusterLoad
	name   string
	id     string
	client *http.Client
	quiet  bool              // never asks for the session, as an app that only calls its API
	tasks  map[string]string // title by address
}

const loadPassword = "paper-lantern-42"

// newClusterLoad signs users up. They send so many requests a second together.
func newClusterLoad(c *cluster, users, rate int) *clusterLoad {
	c.t.Helper()
	l := &clusterLoad{c: c, stop: make(chan struct{})}
	for i := range users {
		u := &user{l: l, name: fmt.Sprintf("user%d", i), client: c.browser(i), quiet: i%2 == 1, tasks: map[string]string{}}
		a := u.send("POST", "/api/auth/signup", `{"email":"`+u.name+`@example.com","password":"`+loadPassword+`"}`, nil)
		var body struct{ User struct{ ID string } }
		if err := json.Unmarshal(a.body, &body); err != nil || body.User.ID == "" {
			c.t.Fatalf("sign-up: got %s", a)
		}
		u.id = body.User.ID
		l.users = append(l.users, u)
	}
	pause := time.Duration(users) * time.Second / time.Duration(rate)
	for _, u := range l.users {
		l.done.Go(func() { u.run(pause) })
	}
	return l
}

// allowed reports whether an answer that is no success is promised all the same. nil: none is.
type allowed func(method string, a loadAnswer) bool

// during runs f as a phase, and a moment longer. Answers that are promised for the
// phase are no failures, but service must be full again after it.
func (l *clusterLoad) during(name string, promised allowed, f func()) {
	l.c.t.Helper()
	l.mu.Lock()
	l.promised, l.sent, l.away, l.failed = promised, 0, 0, nil
	l.mu.Unlock()
	begun := time.Now()
	f()
	back := time.Now()
	time.Sleep(3 * time.Second)
	if promised != nil {
		for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
			l.mu.Lock()
			quiet := time.Since(l.lastAway) > 3*time.Second
			l.mu.Unlock()
			if quiet {
				break
			}
			if time.Now().After(end) {
				l.c.t.Fatalf("%s: no full service again", name)
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.c.t.Logf("%s (%.0f s): %d requests, %d failed, %d told to come back", name, time.Since(begun).Seconds(), l.sent, len(l.failed), l.away)
	if l.away > 0 {
		l.c.t.Logf("%s: full service %.1f s after its end", name, max(0, l.lastAway.Sub(back).Seconds()))
	}
	if len(l.failed) > 0 {
		l.c.t.Errorf("%s: %d of %d requests have failed:\n%s", name, len(l.failed), l.sent, strings.Join(l.failed[:min(len(l.failed), 20)], "\n"))
	}
}

// end ends the load and compares what is stored with what was acknowledged.
func (l *clusterLoad) end() {
	l.c.t.Helper()
	close(l.stop)
	l.done.Wait()
	for _, u := range l.users {
		u.compare(l.c.t)
	}
}

// note counts an answer. It reports whether it is one that the request may be repeated after.
func (l *clusterLoad) note(u *user, what string, a loadAnswer, wrong string) (again bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent++
	if wrong == "" {
		return false
	}
	method, _, _ := strings.Cut(what, " ")
	if l.promised != nil && l.promised(method, a) {
		l.away++
		l.lastAway = time.Now()
		return true
	}
	l.failed = append(l.failed, fmt.Sprintf("%s %s %s: %s: got %s", time.Now().Format("15:04:05.000"), u.name, what, wrong, a))
	return true
}

// must sends a request until it succeeds. check returns what is wrong with an answer, or "".
func (u *user) must(method, path, body string, header map[string]string, check func(loadAnswer) string) loadAnswer {
	for {
		a := u.send(method, path, body, header)
		if !u.l.note(u, method+" "+path, a, check(a)) {
			return a
		}
		select {
		case <-u.l.stop:
			return a
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (u *user) run(pause time.Duration) {
	for n := 0; ; n++ {
		for _, act := range []func(int){u.create, u.read, u.list, u.change, u.session, u.read, u.list, u.remove} {
			act(n)
			select {
			case <-u.l.stop:
				return
			case <-time.After(pause):
			}
		}
	}
}

func (u *user) create(n int) {
	title := fmt.Sprintf("%s-%d", u.name, n)
	a := u.must("POST", "/api/proxy/me/tasks", `{"title":"`+title+`"}`, map[string]string{"Idempotency-Key": title + "-of-" + u.id}, has(http.StatusCreated, `"`+title+`"`))
	if a.status == http.StatusCreated {
		u.tasks[a.header.Get("Location")] = title
	}
}

// any returns one of the user's tasks.
func (u *user) any() (address, title string) {
	for address, title = range u.tasks {
		break
	}
	return address, title
}

func (u *user) read(int) {
	if address, title := u.any(); address != "" {
		u.must("GET", address, "", nil, has(http.StatusOK, `"`+title+`"`))
	}
}

func (u *user) list(int) {
	_, title := u.any()
	u.must("GET", "/api/proxy/me/tasks?limit=100", "", nil, has(http.StatusOK, title))
}

func (u *user) change(n int) {
	address, _ := u.any()
	if address == "" {
		return
	}
	title := fmt.Sprintf("%s-changed-%d", u.name, n)
	a := u.must("PUT", address, `{"title":"`+title+`"}`, nil, has(http.StatusOK, `"`+title+`"`))
	if a.status == http.StatusOK {
		u.tasks[address] = title
	}
}

func (u *user) session(n int) {
	if u.quiet {
		u.list(n)
		return
	}
	u.must("GET", "/api/auth/get-session", "", nil, has(http.StatusOK, u.id))
}

// remove deletes a task when there are many. After an attempt without an answer, a 404 shows
// that it was deleted.
func (u *user) remove(int) {
	address, _ := u.any()
	if len(u.tasks) < 20 {
		return
	}
	repeated := false
	a := u.must("DELETE", address, "", nil, func(a loadAnswer) string {
		gone := a.err == nil && (a.status == http.StatusOK || a.status == http.StatusNoContent || repeated && a.status == http.StatusNotFound)
		repeated = true
		if !gone {
			return "want 200"
		}
		return ""
	})
	if a.err == nil && a.status < 500 {
		delete(u.tasks, address)
	}
}

// compare holds the stored tasks to the acknowledged ones.
func (u *user) compare(t *testing.T) {
	t.Helper()
	a := u.send("GET", "/api/proxy/me/tasks?limit=100", "", nil)
	var stored []struct{ Title string }
	if err := json.Unmarshal(a.body, &stored); err != nil || a.status != http.StatusOK {
		t.Errorf("%s: at the end: got %s", u.name, a)
		return
	}
	times := map[string]int{}
	for _, task := range stored {
		times[task.Title]++
	}
	for _, title := range u.tasks {
		if times[title] != 1 {
			t.Errorf("%s: task %q is there %d times, want once", u.name, title, times[title])
		}
	}
	if len(stored) != len(u.tasks) {
		t.Errorf("%s: got %d tasks, want the %d that were acknowledged", u.name, len(stored), len(u.tasks))
	}
}
