//go:build crash

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// crasher creates and changes tasks, and knows what was acknowledged.
type crasher struct {
	addr   []string
	cookie string

	mu      sync.Mutex
	tasks   map[string]int64 // acknowledged, by title; what had no answer may be there or not
	titles  map[int64]string // as acknowledged last
	unsure  map[int64]string // what a change without an answer would make of the title
	sent    int
	changed int
	refused int
}

func newCrasher(t *testing.T) *crasher {
	t.Helper()
	return &crasher{addr: freeAddrs(t, 3), tasks: map[string]int64{}, titles: map[int64]string{}, unsure: map[int64]string{}}
}

// start starts the product where it was before, and signs up the first time.
func (c *crasher) start(t *testing.T, dir, database string) *process {
	t.Helper()
	env := []string{"BASE_URL=http://" + c.addr[0], "BFF_ADDR=" + c.addr[0], "API_ADDR=" + c.addr[1],
		"ADMIN_ADDR=" + c.addr[2], "DATABASE_URL=" + database, "MIGRATE=true", "LOG_FORMAT=json"}
	if !strings.HasPrefix(database, "sqlite:") { // which has one made at the first start, which must survive too
		env = append(env, "BETTER_AUTH_SECRET="+secret)
	}
	p := start(t, binary(t, build.plain), dir, env, "serve")
	(&product{t: t, admin: []string{"http://" + c.addr[2]}, processes: []*process{p}}).waitReady(0)
	if c.cookie == "" {
		res, err := http.Post("http://"+c.addr[0]+"/api/auth/signup", "application/json", strings.NewReader(`{"email":"crash@example.com","password":"paper-lantern-42"}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if len(res.Cookies()) != 1 {
			t.Fatalf("sign-up: %s", res.Status)
		}
		c.cookie = res.Cookies()[0].Name + "=" + res.Cookies()[0].Value
	}
	return p
}

// kill ends the program at once.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.exited
}

// load lets sixteen clients write for a while, and then ends the product while they write.
func (c *crasher) load(t *testing.T, end func()) {
	t.Helper()
	var stop sync.WaitGroup
	done := make(chan struct{})
	for i := range 16 {
		stop.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if i%4 == 0 {
					c.change()
				} else {
					c.create()
				}
			}
		})
	}
	time.Sleep(500*time.Millisecond + time.Duration(rand.IntN(1500))*time.Millisecond)
	if end != nil {
		end()
	}
	close(done)
	stop.Wait()
}

// create adds a task with a unique title.
func (c *crasher) create() {
	c.mu.Lock()
	c.sent++
	title := fmt.Sprintf("task %d", c.sent)
	c.mu.Unlock()
	id, ok := c.write(http.MethodPost, "", title)
	if ok {
		c.mu.Lock()
		c.tasks[title], c.titles[id] = id, title
		c.mu.Unlock()
	}
}

// change gives an acknowledged task another title.
func (c *crasher) change() {
	c.mu.Lock()
	var id int64
	for task := range c.titles { // any
		if c.unsure[task] == "" {
			id = task
			break
		}
	}
	c.sent++
	title := fmt.Sprintf("changed %d", c.sent)
	if id != 0 {
		c.unsure[id] = title
	}
	c.mu.Unlock()
	if id == 0 {
		c.create()
		return
	}
	_, ok := c.write(http.MethodPut, fmt.Sprintf("/%d", id), title)
	c.mu.Lock()
	defer c.mu.Unlock()
	if ok {
		c.changed++
		c.titles[id] = title
		delete(c.unsure, id)
	}
}

var crashClient = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}

func (c *crasher) write(method, path, title string) (id int64, ok bool) {
	r, err := http.NewRequest(method, "http://"+c.addr[0]+"/api/proxy/me/tasks"+path, strings.NewReader(`{"title":"`+title+`","description":"`+strings.Repeat("x", 500)+`"}`))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Cookie", c.cookie)
	r.Header.Set("Content-Type", "application/json")
	res, err := crashClient.Do(r)
	if err != nil {
		return 0, false
	}
	defer res.Body.Close()
	var task struct{ ID int64 }
	switch res.StatusCode {
	case http.StatusOK, http.StatusCreated:
		err := json.NewDecoder(res.Body).Decode(&task)
		return task.ID, err == nil
	default:
		c.mu.Lock()
		c.refused++
		c.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		return 0, false
	}
}

// check compares the stored tasks with the acknowledged ones.
func (c *crasher) check(t *testing.T) {
	t.Helper()
	r, _ := http.NewRequest(http.MethodGet, "http://"+c.addr[0]+"/api/proxy/me/tasks", nil)
	r.Header.Set("Cookie", c.cookie)
	res, err := crashClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list []struct {
		ID    int64
		Title string
	}
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("list: %s, %v", res.Status, err)
	}
	there, twice := map[int64]string{}, map[string]int{}
	for _, task := range list {
		there[task.ID] = task.Title
		twice[task.Title]++
	}
	for title, n := range twice {
		if n > 1 {
			t.Errorf("%q is there %d times", title, n)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.titles)) {
		switch got := there[id]; got {
		case c.titles[id]:
		case c.unsure[id]: // it was changed, but the answer was lost
			c.titles[id] = got
		default:
			t.Errorf("task %d: got %q, want %q", id, got, c.titles[id])
		}
		delete(c.unsure, id)
	}
	if t.Failed() {
		t.FailNow()
	}
}

func (c *crasher) report(t *testing.T) {
	t.Helper()
	t.Logf("of %d acknowledged creates and %d changes none is lost or doubled; %d were refused", len(c.tasks), c.changed, c.refused)
}
