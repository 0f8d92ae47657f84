package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// lastEvent is the last event of a stream whose session has ended.
const lastEvent = "event: session.ended\ndata: {\"code\":\"SESSION_EXPIRED\",\"message\":\"Session expired. Please log in again.\"}\n\n"

// TestAnEndIsSeenAtEveryInstance: whatever ends a session at one BFF, another one soon lets its
// cookie open nothing, and ends its stream with the reason. The log has the lags.
func TestAnEndIsSeenAtEveryInstance(t *testing.T) {
	t.Parallel()
	trials := 2
	if long {
		trials = 200
	}
	c := newCluster(t, "RATE_LIMIT=off") // many users sign up
	c.measureEnds("", trials)
}

// measureEnds ends that many sessions in each way at one BFF, and checks and logs when another
// one knows. state begins the names of the users.
func (c *cluster) measureEnds(state string, trials int) {
	t := c.t
	t.Helper()
	here, elsewhere := c.of("bff")[0], c.of("bff")[1]
	db := c.sql()
	for _, way := range []struct {
		name string
		end  func(d *device)
	}{
		{"sign-out", func(d *device) { d.want(here, "POST", "/api/auth/sign-out", "{}") }},
		{"revocation by another device", func(d *device) { d.other.want(here, "POST", "/api/auth/revoke-other-sessions", "{}") }},
		{"a new password", func(d *device) {
			d.other.want(here, "POST", "/api/auth/change-password", `{"currentPassword":"`+loadPassword+`","newPassword":"`+loadPassword+`x","revokeOtherSessions":true}`)
		}},
		{"deletion of the user", func(d *device) { d.want(here, "POST", "/api/auth/delete-user", `{"password":"`+loadPassword+`"}`) }},
		{"a disabled user", func(d *device) { c.run("user", "disable", d.email) }},
		{"a DELETE by hand", func(d *device) {
			if _, err := db.Exec(`DELETE FROM session USING "user" u WHERE u.id = "userId" AND u.email = $1`, d.email); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		var devices []*device
		for n := range trials {
			d := c.device(strings.ReplaceAll(state+way.name, " ", "-") + fmt.Sprint(n))
			d.follow(elsewhere)
			devices = append(devices, d)
		}
		time.Sleep(1100 * time.Millisecond) // younger exchanges may finish
		var requests, streams []time.Duration
		for _, d := range devices {
			thief := d.copied(elsewhere)
			thief.want(elsewhere, "GET", "/api/proxy/me/tasks", "")
			way.end(d)
			ended := time.Now()
			for {
				a := thief.send(elsewhere, "GET", "/api/proxy/me/tasks", "")
				if a.status == http.StatusUnauthorized {
					break
				}
				if a.status != http.StatusOK || time.Since(ended) > patience {
					t.Fatalf("%s: %v after the end: got %s", way.name, time.Since(ended), a)
				}
			}
			requests = append(requests, time.Since(ended))
			last := waittest.Receive(t, "the end of the stream", d.stream)
			streams = append(streams, max(0, last.at.Sub(ended)))
			if !strings.HasSuffix(last.text, lastEvent) {
				t.Errorf("%s: got the last bytes %q", way.name, last.text)
			}
		}
		t.Logf("%s: requests %s; streams %s", state+way.name, spread(requests), spread(streams))
	}
}

// spread describes the distribution.
func spread(all []time.Duration) string {
	slices.Sort(all)
	at := func(p float64) time.Duration {
		return all[min(len(all)-1, int(p*float64(len(all))))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("p50 %v, p99 %v, longest %v of %d", at(0.5), at(0.99), at(1), len(all))
}

// device is a browser with a session, and another session of the same user.
type device struct {
	c      *cluster
	email  string
	client *http.Client
	other  *device
	stream chan streamEnd
}

func (c *cluster) device(name string) *device {
	c.t.Helper()
	email := strings.ToLower(name) + "@example.com"
	d := &device{c: c, email: email, client: c.browser(len(name))}
	d.other = &device{c: c, email: email, client: c.browser(len(name))}
	any := c.of("bff")[2]
	d.want(any, "POST", "/api/auth/signup", `{"email":"`+email+`","password":"`+loadPassword+`"}`)
	d.other.want(any, "POST", "/api/auth/sign-in/email", `{"email":"`+email+`","password":"`+loadPassword+`"}`)
	return d
}

// copied returns a client that keeps the cookies of d, even if an answer deletes them.
func (d *device) copied(m *member) *device {
	d.c.t.Helper()
	at, err := url.Parse("http://" + m.addr)
	if err != nil {
		d.c.t.Fatal(err)
	}
	client := *d.client
	client.Jar = keptCookies(d.client.Jar.Cookies(at))
	return &device{c: d.c, client: &client}
}

// keptCookies is a jar that never changes.
type keptCookies []*http.Cookie

func (keptCookies) SetCookies(*url.URL, []*http.Cookie) {}

func (k keptCookies) Cookies(*url.URL) []*http.Cookie { return k }

// send sends a request to one member, past HAProxy.
func (d *device) send(m *member, method, path, body string) loadAnswer {
	u := &user{l: &clusterLoad{c: &cluster{front: d.c.front}}, client: d.client}
	return u.sendTo("http://"+m.addr, method, path, body, nil)
}

func (d *device) want(m *member, method, path, body string) {
	d.c.t.Helper()
	if a := d.send(m, method, path, body); a.status != http.StatusOK && a.status != http.StatusCreated {
		d.c.t.Fatalf("%s %s: got %s", method, path, a)
	}
}

// streamEnd is when a stream has ended, and what it has sent.
type streamEnd struct {
	at   time.Time
	text string
}

// follow opens the events of the tasks. stream receives their end.
func (d *device) follow(m *member) {
	d.c.t.Helper()
	r, err := http.NewRequest("GET", "http://"+m.addr+"/api/proxy/me/tasks/events", nil)
	if err != nil {
		d.c.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	client := *d.client
	client.Timeout = 0
	res, err := client.Do(r)
	if err != nil || res.StatusCode != http.StatusOK {
		d.c.t.Fatalf("stream: got %v, error %v", res, err)
	}
	d.c.t.Cleanup(func() { _ = res.Body.Close() })
	d.stream = make(chan streamEnd, 1)
	go func() {
		text, _ := io.ReadAll(res.Body)
		d.stream <- streamEnd{time.Now(), string(text)}
	}()
}
