package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"vestibule/internal/haproxytest"
	"vestibule/internal/nginxtest"
	"vestibule/internal/recipetest"
	"vestibule/internal/testtls"
)

// recipe returns the one block of a language below a heading of docs/deploy.md.
func recipe(t *testing.T, heading, language string) string {
	t.Helper()
	return recipetest.Block(t, "../docs/deploy.md", heading, language)
}

// TestADeployBehindTheDocumentedProxiesFailsNoRequest runs the configurations of
// docs/deploy.md, and restarts both instances one after another.
func TestADeployBehindTheDocumentedProxiesFailsNoRequest(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(t *testing.T, s *site){
		"HAProxy": beginHAProxy, "nginx": beginNginx,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			begin(t, s)
			quiet := s.signUp("quiet@example.com")
			stream := quiet.watch(t)
			quiet.want(quiet.send("POST", s.bff+"/api/proxy/me/tasks", `{"title":"an event"}`), 201, "")
			for block := ""; !strings.Contains(block, "an event"); block = stream.next() {
			}

			c := &traffic{b: s.signUp("busy@example.com")}
			stop := make(chan struct{})
			var all sync.WaitGroup
			for i := range 3 {
				all.Go(func() { c.run(fmt.Sprint(i), stop) })
			}
			s.restart(0)
			log := s.restart(1)
			close(stop)
			all.Wait()
			if len(c.failed) > 0 {
				t.Errorf("%d requests have failed:\n%s", len(c.failed), strings.Join(c.failed, "\n"))
			}
			if name == "HAProxy" && !strings.Contains(log, `"balancers":1`) {
				t.Errorf("the instance did not wait for HAProxy:\n%s", log)
			}
			list := c.b.want(c.b.send("GET", s.bff+"/api/proxy/me/tasks", ""), 200, "")
			for _, title := range c.created {
				if n := strings.Count(list.body, `"`+title+`"`); n != 1 {
					t.Errorf("got task %s %d times, want once", title, n)
				}
			}
			if got := strings.Count(list.body, `"title"`); got != len(c.created) {
				t.Errorf("got %d tasks, want the %d that were acknowledged", got, len(c.created))
			}
			t.Logf("%d tasks were created, read and changed", len(c.created))
		})
	}
}

func beginHAProxy(t *testing.T, s *site) {
	t.Helper()
	haproxytest.Start(t, recipetest.Edited(t, recipe(t, "HAProxy", "haproxy"),
		"bind :443 ", "bind "+s.listen+" ",
		"/etc/haproxy/app.pem", testtls.Joined(t, s.crt, s.key),
		"check port 9090 ", "check ", // here the instances are on one machine
		"10.0.0.11:3000", s.addr[0]+" port "+port(s.admin[0]),
		"10.0.0.12:3000", s.addr[1]+" port "+port(s.admin[1]),
	))
}

func beginNginx(t *testing.T, s *site) {
	t.Helper()
	nginxtest.Start(t, nginxtest.Config{HTTP: recipetest.Edited(t, recipe(t, "nginx", "nginx"),
		"listen 443 ", "listen "+s.listen+" ",
		"/etc/nginx/app.crt", s.crt,
		"/etc/nginx/app.key", s.key,
		"10.0.0.11:3000", s.addr[0],
		"10.0.0.12:3000", s.addr[1],
	)})
}
