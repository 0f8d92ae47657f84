package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestInstancesShareWhatTheyCountAndTell: limits of guesses, repeated requests and events hold
// across instances.
func TestInstancesShareWhatTheyCountAndTell(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	bffs := c.of("bff")
	d := c.device("shared")

	const same = 12 // of one request, at all instances at once
	statuses := make([]int, same)
	var all sync.WaitGroup
	for i := range same {
		all.Go(func() {
			u := &user{l: &clusterLoad{c: c}, client: d.client}
			a := u.sendTo("http://"+bffs[i%len(bffs)].addr, "POST", "/api/proxy/me/tasks", `{"title":"once"}`, map[string]string{"Idempotency-Key": "the-same-for-all-of-them"})
			statuses[i] = a.status
		})
	}
	all.Wait()
	for i, status := range statuses {
		if status != http.StatusCreated && status != http.StatusConflict { // 409: the first is in progress
			t.Errorf("request %d with the same key: got %d", i, status)
		}
	}
	list := d.send(bffs[0], "GET", "/api/proxy/me/tasks", "")
	if n := strings.Count(string(list.body), `"once"`); n != 1 {
		t.Errorf("got the task %d times, want once: %s", n, list)
	}

	b := &browser{t: t, origin: "http://" + bffs[1].addr, client: d.client}
	stream := b.watch(t)
	d.want(bffs[0], "POST", "/api/proxy/me/tasks", `{"title":"an event"}`)
	for block := ""; !strings.Contains(block, "an event"); block = stream.next() {
	}

	thief := &device{c: c, client: c.browser(200)}
	refused := 0
	for i := range 24 {
		switch a := thief.send(bffs[i%len(bffs)], "POST", "/api/auth/sign-in/email", fmt.Sprintf(`{"email":"%s","password":"wrong-%d-horse"}`, d.email, i)); a.status {
		case http.StatusUnauthorized:
			if refused > 0 {
				t.Errorf("guess %d: got %s after a refusal", i, a)
			}
		case http.StatusTooManyRequests:
			refused++
		default:
			t.Errorf("guess %d: got %s", i, a)
		}
	}
	if refused < 12 {
		t.Errorf("%d of 24 guesses at three instances were refused, want at least 12", refused)
	}
}
