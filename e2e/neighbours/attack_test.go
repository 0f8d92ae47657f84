//go:build neighbours

package neighbours

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// attack is something that one address does.
type attack struct {
	name        string
	ops         []string // of the well-behaved user, that are measured
	accounts    int      // of the attacker; at least one
	tasks       int      // of the attacker's first account
	title       string   // of those tasks
	description string
	wait        time.Duration // until the attack is at its full strength; 0: a second
	run         func(context.Context, *attacker)
}

func (a attack) warm() time.Duration {
	if a.wait == 0 {
		return time.Second
	}
	return a.wait
}

// large is as large as a task can be: 10 000 code points of four bytes.
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

// target is what an attack is aimed at.
type target struct {
	BFF, API  string
	Attackers []account
}

// attacker is the process that attacks.
type attacker struct {
	target
	client   *http.Client
	answers  sync.Map // status -> *atomic.Int64
	trickled atomic.Int64
}

func attackMain(name string) int {
	var a attacker
	if err := json.Unmarshal([]byte(os.Getenv("NEIGHBOURS_TARGET")), &a.target); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	a.client = clientAt(attackerAddress, 2000)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for _, attack := range attacks {
		if attack.name == name {
			attack.run(ctx, &a)
		}
	}
	a.answers.Range(func(status, n any) bool {
		fmt.Fprintf(os.Stderr, "%v: %d  ", status, n.(*atomic.Int64).Load())
		return true
	})
	fmt.Fprintf(os.Stderr, "%d bytes read slowly\n", a.trickled.Load())
	return 0
}

func (a *attacker) count(what string) {
	n, _ := a.answers.LoadOrStore(what, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

// crowd runs so many at once, each again and again until ctx ends. In the soak, where
// all attacks run beside each other, it is a tenth of them.
func crowd(ctx context.Context, n int, do func(i int)) {
	if os.Getenv("NEIGHBOURS_SOAK") != "" {
		n = max(1, n/10)
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			for ctx.Err() == nil {
				do(i)
			}
		})
	}
	wg.Wait()
}

// send sends one request and reads the answer.
func (a *attacker) send(ctx context.Context, method, path, cookie, body string) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+a.BFF+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := a.client.Do(r)
	if err != nil {
		if ctx.Err() == nil {
			a.count("no answer")
			time.Sleep(10 * time.Millisecond)
		}
		return
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	a.count(strconv.Itoa(res.StatusCode))
}

func refusedSignIns(connections int) func(context.Context, *attacker) {
	return func(ctx context.Context, a *attacker) {
		crowd(ctx, connections, func(i int) {
			a.send(ctx, http.MethodPost, "/api/auth/login", "", `{"email":"nobody@example.com","password":"wrong-password"}`)
		})
	}
}

// madeUpLinks looks up tokens that nobody was mailed.
func madeUpLinks(connections int) func(context.Context, *attacker) {
	return func(ctx context.Context, a *attacker) {
		crowd(ctx, connections, func(i int) {
			a.send(ctx, http.MethodGet, "/api/auth/verify-email?token="+strings.Repeat("A", 39)+fmt.Sprintf("%04d", i), "", "")
		})
	}
}

// endedSession asks with the cookie of a session that was signed out of.
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

// largeBodies are of a hundred thousand members each.
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

// open sends a GET on a connection of its own, whose window is small.
func (a *attacker) open(ctx context.Context, path string) (net.Conn, *bufio.Reader, error) {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(attackerAddress)}}
	conn, err := dialer.DialContext(ctx, "tcp", a.BFF)
	if err != nil {
		return nil, nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", path, a.BFF, a.Attackers[0].Cookie); err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	in := bufio.NewReaderSize(conn, 4<<10)
	status, err := in.ReadString('\n')
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	a.count(strings.TrimSpace(strings.TrimPrefix(status, "HTTP/1.1 ")))
	return conn, in, nil
}

// trickle reads 2 KB a second.
func (a *attacker) trickle(ctx context.Context, path string) {
	conn, in, err := a.open(ctx, path)
	if err != nil {
		if ctx.Err() == nil {
			a.count("no answer")
			time.Sleep(100 * time.Millisecond)
		}
		return
	}
	defer conn.Close()
	buf := make([]byte, 200)
	for ctx.Err() == nil {
		n, err := in.Read(buf)
		a.trickled.Add(int64(n))
		if err != nil {
			a.count("cut off")
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func slowReaders(path string) func(context.Context, *attacker) {
	return func(ctx context.Context, a *attacker) {
		crowd(ctx, 100, func(int) { a.trickle(ctx, path) })
	}
}

// slowListeners hear of large tasks all the time.
func slowListeners(ctx context.Context, a *attacker) {
	go a.change(ctx, 20*time.Millisecond, large)
	crowd(ctx, 100, func(int) { a.trickle(ctx, "/api/proxy/me/tasks/events") })
}

// listeners keeps so many streams of one user open, and has them hear of changes.
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

func (a *attacker) change(ctx context.Context, every time.Duration, description string) {
	body, _ := json.Marshal(map[string]string{"title": "Water the plants", "description": description})
	for ctx.Err() == nil {
		a.send(ctx, http.MethodPost, "/api/proxy/me/tasks", a.Attackers[0].Cookie, string(body))
		time.Sleep(every)
	}
}
