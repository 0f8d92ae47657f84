package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// events reads the stream of the browser's user through the proxy.
type events struct {
	t      *testing.T
	blocks chan string // closed when the stream has ended
}

func (b *browser) watch(t *testing.T, header ...string) *events {
	t.Helper()
	return b.watchAt(t, "/api/proxy/me/tasks/events", header...)
}

func (b *browser) watchAt(t *testing.T, path string, header ...string) *events {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", b.origin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Jar: b.client.Jar, Transport: b.streams} // without a timeout
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";"); res.StatusCode != 200 || kind != "text/event-stream" {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("got %d %s", res.StatusCode, body)
	}
	e := &events{t: t, blocks: make(chan string, 1000)}
	go func() {
		defer close(e.blocks)
		in := bufio.NewScanner(res.Body)
		var block []string
		for in.Scan() {
			if in.Text() == "" {
				e.blocks <- strings.Join(block, "\n")
				block = nil
				continue
			}
			block = append(block, in.Text())
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = res.Body.Close()
	})
	return e
}

func (e *events) want(parts ...string) {
	e.t.Helper()
	select {
	case block, open := <-e.blocks:
		for _, part := range parts {
			if !open || !strings.Contains(block, part) {
				e.t.Fatalf("got %q, want %q in it", block, part)
			}
		}
	case <-time.After(patience):
		e.t.Fatalf("no event after %v, want %q", patience, parts)
	}
}

// next returns the next block of the stream.
func (e *events) next() string {
	e.t.Helper()
	select {
	case block, open := <-e.blocks:
		if open {
			return block
		}
		e.t.Fatal("the stream has ended")
	case <-time.After(patience):
		e.t.Fatalf("nothing on the stream after %v", patience)
	}
	return ""
}

func (e *events) ends() {
	e.t.Helper()
	for deadline := time.After(patience); ; {
		select {
		case _, open := <-e.blocks:
			if !open {
				return
			}
		case <-deadline:
			e.t.Fatal("the stream goes on")
		}
	}
}

// TestChangesArriveWhereverTheyAreMade runs a second API on the same database, as on
// another machine.
func TestChangesArriveWhereverTheyAreMade(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, p *product) {
		addr := freeAddrs(t, 2)
		first := p.processes[0]
		env := slices.DeleteFunc(slices.Clone(first.cmd.Env), func(v string) bool {
			return strings.HasPrefix(v, "API_ADDR=") || strings.HasPrefix(v, "ADMIN_ADDR=") || strings.HasPrefix(v, "BFF_ADDR=")
		})
		p.processes = append(p.processes, start(t, first.cmd.Path, p.dir, append(env, "API_ADDR="+addr[0], "ADMIN_ADDR="+addr[1]), "api"))
		p.admin = append(p.admin, "http://"+addr[1])
		p.waitReady(len(p.admin) - 1)

		b := newBrowser(t, p.bff)
		user := b.signUp("ada@example.com")
		tasks := p.bff + "/api/proxy/me/tasks"
		stream := b.watch(t)
		stream.want("retry: 1000", "id: 0")
		var here struct{ ID int }
		if err := json.Unmarshal([]byte(b.want(b.send("POST", tasks, `{"title":"here"}`), 201, "here").body), &here); err != nil {
			t.Fatal(err)
		}
		stream.want("id: 1", "event: task.created", `"title":"here"`)
		bearer := []string{"Authorization", "Bearer " + mint(t, claims(user), secret)}
		service := newBrowser(t, p.bff)
		elsewhere := "http://" + addr[0] + "/api/me/tasks"
		for i := range 3 {
			begun := time.Now()
			service.want(service.sendRaw("POST", elsewhere, fmt.Sprintf(`{"title":"there %d"}`, i), bearer...), 201, "there")
			stream.want(fmt.Sprintf("id: %d", i+2), "event: task.created", fmt.Sprintf(`"title":"there %d"`, i))
			t.Logf("a change of another instance came after %v", time.Since(begun).Round(time.Millisecond))
		}
		service.want(service.sendRaw("DELETE", fmt.Sprint(elsewhere, "/", here.ID), "", bearer...), 200, "")
		stream.want("id: 5", "event: task.deleted", `"title":"here"`)
		resumed := b.watch(t, "Last-Event-ID", "3")
		resumed.want("retry: 1000", "id: 3")
		resumed.want("id: 4", `"title":"there 2"`)
		resumed.want("id: 5", "event: task.deleted")
		b.watch(t, "Last-Event-ID", "700").want("id: 5", "event: tasks.reset", "Read the list again")

		// They end with the session, at both.
		b.want(b.send("POST", p.bff+"/api/auth/sign-out", ""), 200, "")
		stream.ends()
		resumed.ends()
	})
}

func TestAStopDoesNotWaitForStreams(t *testing.T) {
	t.Parallel()
	for _, s := range []shape{shapes[0], shapes[2]} {
		t.Run(s.name, func(t *testing.T) {
			p := launch(t, s)
			b := newBrowser(t, p.bff)
			b.signUp("ada@example.com")
			stream := b.watch(t)
			stream.want("id: 0")
			if code := p.processes[0].stop(); code != 0 {
				t.Errorf("got exit code %d, want 0", code)
			}
			stream.ends()
			if log := p.processes[0].log.String(); strings.Contains(log, "ending requests that are still in progress") {
				t.Errorf("the stop had to cut the stream off:\n%s", log)
			}
		})
	}
}

func TestListsAndConditionsPassTheProxy(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, p *product) {
		b := newBrowser(t, p.bff)
		user := b.signUp("lists@example.com")
		tasks := p.bff + "/api/proxy/me/tasks"
		for i := range 3 {
			b.want(b.send("POST", tasks, fmt.Sprintf(`{"title":"t%d"}`, i), "Idempotency-Key", fmt.Sprint(i)), 201, "")
		}
		again := b.want(b.send("POST", tasks, `{"title":"t2"}`, "Idempotency-Key", "2"), 201, `"title":"t2"`)
		if again.header.Get("Idempotency-Replayed") != "true" {
			t.Error("a request that was sent again was not answered as before")
		}
		page := b.want(b.send("GET", tasks+"?limit=2&sort=-title", ""), 200, `"title":"t2"`)
		next, ok := strings.CutPrefix(page.header.Get("Link"), "<")
		next, rel, _ := strings.Cut(next, ">")
		if !ok || rel != `; rel="next"` || !strings.HasPrefix(next, "/api/proxy/"+user+"/tasks?") {
			t.Fatalf("got Link %q", page.header.Get("Link"))
		}
		last := b.want(b.send("GET", p.bff+next, ""), 200, `"title":"t0"`)
		if link := last.header.Get("Link"); link != "" || strings.Contains(last.body, "t1") {
			t.Errorf("the last page: got %v with Link %q", last, link)
		}
		one := p.bff + again.header.Get("Location")
		if etag := b.want(b.send("GET", one, ""), 200, "").header.Get("ETag"); etag != `"1"` {
			t.Fatalf("got ETag %s", etag)
		}
		b.want(b.send("GET", one, "", "If-None-Match", `"1"`), 304, "")
		b.want(b.send("PUT", one, `{"title":"mine"}`, "If-Match", `"1"`), 200, "mine")
		b.want(b.send("PUT", one, `{"title":"theirs"}`, "If-Match", `"1"`), 412, "The task has changed since it was read")
		b.want(b.send("DELETE", one, "", "If-Match", `"2"`), 200, "")
	})
}
