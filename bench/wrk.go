package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"vestibule/internal/childtest"
)

// wrkDone prints exact figures. wrk calls it once, after the run, so it costs nothing
// during the run. A Lua function for each answer would take more processor time than some
// of the measured proxies.
const wrkDone = `
function done(summary, latency, requests)
	local e = summary.errors
	io.write(string.format("\nbench %d %d %d %d %d %d %d\n", summary.requests, summary.duration, summary.bytes,
		e.status, e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
`

// shot is what wrk counted in one run.
type shot struct {
	requests  int
	took      time.Duration
	bytes     int
	refused   int // answers with a status above 399
	broken    int // connections that failed, and answers that took too long
	p50, p99  time.Duration
	perSecond float64
}

// wrk sends the endpoint's request again and again. An error means that not every answer
// was the wanted one: such a figure would measure refusals.
func wrk(ctx context.Context, dir string, e *endpoint, connections int, d time.Duration) (shot, error) {
	program, err := childtest.Find("wrk", "wrk", "")
	if err != nil {
		return shot{}, err
	}
	size, err := e.probe(ctx)
	if err != nil {
		return shot{}, err
	}
	script := filepath.Join(dir, "wrk.lua")
	if err := os.WriteFile(script, []byte(e.lua()+e.script+wrkDone), 0o600); err != nil {
		return shot{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, d+30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-t1", fmt.Sprint("-c", connections), fmt.Sprintf("-d%ds", max(1, int(d.Seconds()))), "--timeout", "10s", "-s", script, e.url)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return shot{}, fmt.Errorf("wrk: %w", err)
	}
	s, err := parseShot(out)
	if err != nil {
		return shot{}, err
	}
	if _, err := e.probe(ctx); err != nil {
		return shot{}, err
	}
	return s, s.check(size, connections)
}

func parseShot(out []byte) (s shot, err error) {
	i := bytes.LastIndex(out, []byte("\nbench "))
	if i < 0 {
		return s, fmt.Errorf("wrk printed no figures: %q", out)
	}
	var micros, p50, p99 int64
	if _, err := fmt.Sscanf(string(out[i+1:]), "bench %d %d %d %d %d %d %d", &s.requests, &micros, &s.bytes, &s.refused, &s.broken, &p50, &p99); err != nil {
		return s, fmt.Errorf("wrk printed %q: %w", out[i:], err)
	}
	s.took = time.Duration(micros) * time.Microsecond
	s.p50, s.p99 = time.Duration(p50)*time.Microsecond, time.Duration(p99)*time.Microsecond
	s.perSecond = float64(s.requests) / s.took.Seconds()
	return s, nil
}

// check compares the run with a probe's answer of the given size. wrk counts only
// statuses, and takes a redirect to a sign-in page for a success, so the sizes must fit
// too. Answers that had only begun at the end of the run may add to them.
func (s shot) check(size, connections int) error {
	switch {
	case s.requests == 0:
		return errors.New("wrk got no answer")
	case s.refused > 0:
		return fmt.Errorf("%d of %d answers were refusals (status above 399)", s.refused, s.requests)
	case s.broken > 0:
		return fmt.Errorf("%d connections or answers failed beside %d answers", s.broken, s.requests)
	}
	least, most := s.requests*size*9/10, (s.requests+connections)*size*11/10
	if s.bytes < least || s.bytes > most {
		return fmt.Errorf("%d answers had %d bytes, want about %d each as in the answer to a probe", s.requests, s.bytes, size)
	}
	return nil
}

// endpoint is where a contestant answers one kind of request.
type endpoint struct {
	url          string
	method, body string            // GET and none if empty
	header       map[string]string // of the request
	status       int               // of the right answer; 200 if 0
	contains     string            // a part of the right answer
	size         int               // the least length of its body
	script       string            // more Lua for wrk

	front  []int // processes of the contestant itself
	behind []int // processes of the API behind it and of databases
}

// lua sets the request of a wrk script.
func (e *endpoint) lua() string {
	var b strings.Builder
	if e.method != "" {
		fmt.Fprintf(&b, "wrk.method = %q\n", e.method)
	}
	if e.body != "" {
		fmt.Fprintf(&b, "wrk.body = [==[%s]==]\n", e.body)
	}
	for name, value := range e.header {
		fmt.Fprintf(&b, "wrk.headers[%q] = [==[%s]==]\n", name, value)
	}
	return b.String()
}

// counting counts what a connection receives.
type counting struct {
	net.Conn
	n *atomic.Int64
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// probe sends the request once, checks the answer, and returns its whole size.
func (e *endpoint) probe(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var size atomic.Int64
	transport := &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return counting{conn, &size}, err
	}}
	r, err := http.NewRequestWithContext(ctx, e.method, e.url, strings.NewReader(e.body))
	if err != nil {
		return 0, err
	}
	for name, value := range e.header {
		r.Header.Set(name, value)
	}
	res, err := transport.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	transport.CloseIdleConnections()
	want := e.status
	if want == 0 {
		want = http.StatusOK
	}
	switch {
	case err != nil:
		return 0, err
	case res.StatusCode != want:
		return 0, fmt.Errorf("%s answered %s, want %d: %.300s", e.url, res.Status, want, body)
	case len(body) < e.size || !bytes.Contains(body, []byte(e.contains)):
		return 0, fmt.Errorf("%s answered %d bytes, want at least %d with %q: %.300s", e.url, len(body), e.size, e.contains, body)
	}
	return int(size.Load()), nil
}
