package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// listening is the cost of idle event streams, and how long a change takes to reach the
// last of them.
type listening struct {
	how          string
	listeners    int
	opened       time.Duration // for all of them
	kibEach      float64       // resident memory of the program
	idle         float64       // processor time over wall time, of the program
	reached, all time.Duration // a change: the median listener, and the last
}

const listeners = 10_000

// measureListeners opens many streams: of many users at the API, or of one
// session through the BFF. Only the streams of the first user get the change.
func measureListeners(ctx context.Context, s settings, dir, how string) (listening, error) {
	site, err := newSite(s, filepath.Join(dir, how), "serve")
	if err != nil {
		return listening{}, err
	}
	site.env = []string{ // the defaults for one address, user and session are lower
		fmt.Sprint("MAX_CONNECTIONS=", 4*listeners), fmt.Sprint("MAX_CONNECTIONS_PER_ADDRESS=", 2*listeners),
		fmt.Sprint("MAX_STREAMS=", 2*listeners), fmt.Sprint("MAX_STREAMS_PER_USER=", listeners), fmt.Sprint("MAX_STREAMS_PER_SESSION=", listeners),
	}
	defer site.stop()
	if err := site.start(ctx); err != nil {
		return listening{}, err
	}
	cookie, user, err := site.signUp(ctx)
	if err != nil {
		return listening{}, err
	}
	request := func(int) (addr, text string, err error) {
		return site.bff, "GET /api/proxy/me/tasks/events HTTP/1.1\r\nHost: " + site.bff + "\r\nCookie: " + cookie + "\r\n\r\n", nil
	}
	if how == "users" {
		request = func(i int) (string, string, error) {
			sub := user
			if i%10 > 0 { // a tenth belongs to the first user
				sub = fmt.Sprintf("usr_%d", i)
			}
			token, err := bearerOf(sub)
			return site.api, "GET /api/me/tasks/events HTTP/1.1\r\nHost: " + site.api + "\r\nAuthorization: Bearer " + token + "\r\n\r\n", err
		}
	}
	program := site.processes[0]
	before, err := program.residentKiB()
	if err != nil {
		return listening{}, err
	}
	result := listening{how: how, listeners: listeners}
	begin := time.Now()
	streams, err := openStreams(ctx, listeners, request)
	defer func() {
		for _, conn := range streams {
			conn.Close()
		}
	}()
	if err != nil {
		return listening{}, err
	}
	result.opened = time.Since(begin)
	time.Sleep(2 * time.Second)
	cpu, wall := program.processorTime(), time.Now()
	time.Sleep(5 * time.Second)
	result.idle = (program.processorTime() - cpu).Seconds() / time.Since(wall).Seconds()
	after, err := program.residentKiB()
	if err != nil {
		return listening{}, err
	}
	result.kibEach = float64(after-before) / listeners
	if how == "users" {
		var theirs []net.Conn
		for i := 0; i < len(streams); i += 10 {
			theirs = append(theirs, streams[i])
		}
		streams, theirs = theirs, streams
		defer func() {
			for _, conn := range theirs {
				conn.Close()
			}
		}()
	}
	took, err := tell(ctx, site, cookie, streams)
	if err != nil {
		return listening{}, err
	}
	result.reached, result.all = medianOf(took), took[0]
	for _, t := range took {
		result.all = max(result.all, t)
	}
	return result, nil
}

func bearerOf(sub string) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": sub, "iss": "better-auth", "aud": "fastapi-backend", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(secret))
}

// openStreams opens n streams, a few at a time, and waits for the first block of each one.
func openStreams(ctx context.Context, n int, request func(int) (addr, text string, err error)) ([]net.Conn, error) {
	streams := make([]net.Conn, n)
	faults := make([]error, n)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 64)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			streams[i], faults[i] = openStream(ctx, func() (string, string, error) { return request(i) })
		})
	}
	wg.Wait()
	var open []net.Conn
	var fault error
	for i, conn := range streams {
		if conn != nil {
			open = append(open, conn)
		}
		if faults[i] != nil {
			fault = faults[i]
		}
	}
	return open, fault
}

func openStream(ctx context.Context, request func() (addr, text string, err error)) (net.Conn, error) {
	addr, text, err := request()
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if _, err = conn.Write([]byte(text)); err == nil {
		err = await(conn, "retry: 1000")
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// await reads until a line contains the text.
func await(conn net.Conn, text string) error {
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	in := bufio.NewReaderSize(conn, 512)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("waiting for %q: %w", text, err)
		}
		if strings.Contains(line, text) {
			return nil
		}
		if strings.HasPrefix(line, "HTTP/1.1 ") && !strings.HasPrefix(line, "HTTP/1.1 200") {
			return fmt.Errorf("got %q", line)
		}
	}
}

// tell makes one change and measures when it reaches each stream.
func tell(ctx context.Context, site *site, cookie string, streams []net.Conn) ([]time.Duration, error) {
	took := make([]time.Duration, len(streams))
	faults := make(chan error, len(streams))
	var wg sync.WaitGroup
	ready := make(chan struct{})
	var begin time.Time
	for i, conn := range streams {
		wg.Go(func() {
			<-ready
			if err := await(conn, "task.created"); err != nil {
				faults <- err
				return
			}
			took[i] = time.Since(begin)
		})
	}
	begin = time.Now()
	close(ready)
	body := `{"title":"news"}`
	var request bytes.Buffer
	fmt.Fprintf(&request, "POST /api/proxy/me/tasks HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", site.bff, cookie, len(body), body)
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", site.bff)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := conn.Write(request.Bytes()); err != nil {
		return nil, err
	}
	wg.Wait()
	select {
	case err := <-faults:
		return nil, err
	default:
		return took, nil
	}
}
