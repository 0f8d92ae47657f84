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

// target is the product that is attacked, and the attacker's accounts there.
type target struct {
	BFF, API  string
	Attackers []account
}

// attacker is the process that runs an attack.
type attacker struct {
	target
	client   *http.Client
	answers  sync.Map     // *atomic.Int64 by status
	trickled atomic.Int64 // bytes that trickle has read
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

// crowd runs n workers until ctx ends. Each calls do again and again. In the soak all
// attacks run at the same time, each with a tenth of its workers.
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

// send sends a request and reads the answer.
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

// open sends a GET on a new connection with a small receive buffer.
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

// trickle reads an answer slowly, at most 2 KB a second.
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
