//go:build neighbours

package neighbours

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// attack describes requests that disturb other users. All of them come from one address.
type attack struct {
	name        string
	ops         []string      // the requests of the well-behaved user that are measured
	accounts    int           // how many accounts the attacker has; 0 means one
	tasks       int           // how many tasks the attacker's first account has
	title       string        // the title of those tasks
	description string        // their description
	wait        time.Duration // time until the attack has its full strength; 0 means a second
	run         func(context.Context, *attacker)
}

func (a attack) warm() time.Duration {
	if a.wait == 0 {
		return time.Second
	}
	return a.wait
}

// large is the largest description of a task: 10 000 code points of four bytes.
var large = strings.Repeat("\U0001F331", 10_000)

var both = []string{opList, opCreate}

var attacks = []attack{
	{name: "refused sign-ins, 32 connections", ops: both, run: refusedSignIns(32)},
	{name: "refused sign-ins, 200 connections", ops: both, run: refusedSignIns(200)},
	{name: "refused sign-ins, 1000 connections", ops: both, wait: 3 * time.Second, run: refusedSignIns(1000)},
	{name: "made-up links, 1000 connections", ops: both, wait: 3 * time.Second, run: madeUpLinks(1000)},
	{name: "an ended session, 1000 connections", ops: both, wait: 3 * time.Second, run: endedSession(1000)},
	{name: "60 bodies of 1 MB", ops: append([]string{opSignIn}, both...), run: largeBodies},
	{name: "right passwords, 5 accounts, 40 connections", ops: append([]string{opSignIn}, both...), accounts: 5, run: rightPasswords},
	{name: "100 slow readers, ?limit=200", ops: both, tasks: 200, title: "large", description: large, wait: 3 * time.Second, run: slowReaders("/api/proxy/me/tasks?limit=200")},
	{name: "100 slow readers, all tasks", ops: both, tasks: 200, title: "large", description: large, wait: 3 * time.Second, run: slowReaders("/api/proxy/me/tasks")},
	{name: "100 slow readers, events", ops: both, wait: 3 * time.Second, run: slowListeners},
	{name: "2000 event streams", ops: both, wait: 5 * time.Second, run: listeners(2000)},
	{name: "16 fruitless searches, 300 000 tasks", ops: both, tasks: 300_000, title: "Water the plants", description: "All of them", run: searches},
}

func refusedSignIns(connections int) func(context.Context, *attacker) {
	return func(ctx context.Context, a *attacker) {
		crowd(ctx, connections, func(i int) {
			a.send(ctx, http.MethodPost, "/api/auth/login", "", `{"email":"nobody@example.com","password":"wrong-password"}`)
		})
	}
}

// madeUpLinks sends tokens that were never mailed.
func madeUpLinks(connections int) func(context.Context, *attacker) {
	return func(ctx context.Context, a *attacker) {
		crowd(ctx, connections, func(i int) {
			a.send(ctx, http.MethodGet, "/api/auth/verify-email?token="+strings.Repeat("A", 39)+fmt.Sprintf("%04d", i), "", "")
		})
	}
}

// endedSession sends the cookie of a session that has been signed out.
func endedSession(connections int) func(context.Context, *attacker) {
	return func(ctx context.Context, a *attacker) {
		cookie := a.Attackers[0].Cookie
		a.send(ctx, http.MethodPost, "/api/auth/logout", cookie, "")
		crowd(ctx, connections, func(i int) {
			switch i % 3 {
			case 0:
				a.send(ctx, http.MethodGet, "/api/auth/get-session", cookie, "")
			case 1:
				a.send(ctx, http.MethodGet, "/api/proxy/me/tasks", cookie, "")
			default:
				a.send(ctx, http.MethodPost, "/api/auth/logout", cookie, "")
			}
		})
	}
}

// largeBodies sends JSON bodies of about a hundred thousand members.
func largeBodies(ctx context.Context, a *attacker) {
	var b strings.Builder
	b.WriteString(`{"email":"nobody@example.com"`)
	for i := 0; b.Len() < 1_000_000; i++ {
		fmt.Fprintf(&b, `,"%d":1`, i)
	}
	b.WriteByte('}')
	crowd(ctx, 60, func(int) { a.send(ctx, http.MethodPost, "/api/auth/login", "", b.String()) })
}

func rightPasswords(ctx context.Context, a *attacker) {
	crowd(ctx, 40, func(i int) {
		who := a.Attackers[i%len(a.Attackers)]
		a.send(ctx, http.MethodPost, "/api/auth/login", "", `{"email":"`+who.Email+`","password":"`+password+`"}`)
	})
}

func searches(ctx context.Context, a *attacker) {
	crowd(ctx, 16, func(i int) {
		a.send(ctx, http.MethodGet, fmt.Sprintf("/api/proxy/me/tasks?q=nothing-has-this-%d&limit=50", i), a.Attackers[0].Cookie, "")
	})
}

func slowReaders(path string) func(context.Context, *attacker) {
	return func(ctx context.Context, a *attacker) {
		crowd(ctx, 100, func(int) { a.trickle(ctx, path) })
	}
}

// slowListeners reads streams of events slowly, while large tasks are created.
func slowListeners(ctx context.Context, a *attacker) {
	go a.change(ctx, 20*time.Millisecond, large)
	crowd(ctx, 100, func(int) { a.trickle(ctx, "/api/proxy/me/tasks/events") })
}

// listeners keeps n streams of events of one user open, while tasks are created.
func listeners(n int) func(context.Context, *attacker) {
	return func(ctx context.Context, a *attacker) {
		go a.change(ctx, 50*time.Millisecond, "")
		crowd(ctx, n, func(int) {
			conn, in, err := a.open(ctx, "/api/proxy/me/tasks/events")
			if err != nil {
				if ctx.Err() == nil {
					a.count("no answer")
					time.Sleep(100 * time.Millisecond)
				}
				return
			}
			defer conn.Close()
			_, _ = io.Copy(io.Discard, in)
			time.Sleep(time.Second) // as an EventSource does
		})
	}
}

// change creates a task again and again, so that streams have events.
func (a *attacker) change(ctx context.Context, every time.Duration, description string) {
	body, _ := json.Marshal(map[string]string{"title": "Water the plants", "description": description})
	for ctx.Err() == nil {
		a.send(ctx, http.MethodPost, "/api/proxy/me/tasks", a.Attackers[0].Cookie, string(body))
		time.Sleep(every)
	}
}
